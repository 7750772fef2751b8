"""Sweeps: a whole list of hosts, checked for somebody in Slack.

What a person does and sees:

1. They type `/tlscheck sweep` (a window: choose a file or paste hosts, who checks, where it is told),
   or drop a file into the talk with the bot and write "sweep" beside it.
2. At once one message appears: how many hosts, a bar, done, broken, rate, time left; it changes every
   few seconds. Lines that name no host are told once, with their numbers, below it; the others are
   checked all the same. Anybody there may press Stop, and later Continue; the message says who did.
3. At the end the same message is the summary: by cause with hosts as examples, by issuer, by expiry,
   what was not reached apart. In its thread who asked is told, with the chart.
4. Show beside a cause opens the list of its hosts; Details beside a host opens the newest answer.
   CSV and JSONL of everything come into the thread when somebody presses that button.
"""
