"""What Slack accepts: every number in one table, with the source beside it.

Here belong numbers only. Builders (`blocks`) and `fit` keep to them; the tests compare them with
an independent table (slackblocks) and with the stand-in's validator.
"""

from typing import Final

# Messages: docs.slack.dev/reference/block-kit/blocks ("up to 50 blocks in each message").
MESSAGE_BLOCKS: Final = 50
# Undocumented whole-message ceiling `msg_blocks_too_long`: measured between 13,172 and 13,297
# (bolt-js #2509), 13,202 (metabase #79908), with much rich_text already at 11,341 (bolt-js #2867).
# Ours stays below all of them; counted over the JSON of `blocks` and over `text`.
MESSAGE_CHARACTERS: Final = 10_000
# The part of it that `text` may take: it serves notifications and screen readers.
MESSAGE_TEXT: Final = 600

# docs.slack.dev/reference/views/modal-views
VIEW_BLOCKS: Final = 100
VIEW_TITLE: Final = 24
VIEW_CLOSE: Final = 24
VIEW_SUBMIT: Final = 24
VIEW_PRIVATE_METADATA: Final = 3000
VIEW_CALLBACK_ID: Final = 255
# `view_too_large` comes at 250 kB (docs.slack.dev/reference/methods/views.open); a page that a
# person can still read is far smaller.
VIEW_CHARACTERS: Final = 40_000

# docs.slack.dev/reference/block-kit/composition-objects/text-object
TEXT_OBJECT: Final = 3000
# docs.slack.dev/reference/block-kit/blocks/header-block
HEADER_TEXT: Final = 150
# docs.slack.dev/reference/block-kit/blocks/context-block
CONTEXT_ELEMENTS: Final = 10
# docs.slack.dev/reference/block-kit/blocks/actions-block
ACTIONS_ELEMENTS: Final = 25
# docs.slack.dev/reference/block-kit/block-elements/plain-text-input-element
INPUT_CHARACTERS: Final = 3000
# docs.slack.dev/reference/block-kit/block-elements/button-element
BUTTON_TEXT: Final = 75
BUTTON_VALUE: Final = 2000
BUTTON_ACCESSIBILITY_LABEL: Final = 75
# docs.slack.dev/reference/block-kit/block-elements/plain-text-input-element (max_length)
INPUT_VALUE: Final = 3000
# docs.slack.dev/reference/block-kit/blocks/input-block
INPUT_LABEL: Final = 2000
# docs.slack.dev/reference/block-kit/block-elements/select-menu-element
SELECT_OPTIONS: Final = 100
PLACEHOLDER: Final = 150
# docs.slack.dev/reference/block-kit/composition-objects/option-object
OPTION_TEXT: Final = 75
OPTION_VALUE: Final = 150
# The subject of a letter; mail programs cut long ones.
SUBJECT: Final = 300
ACTION_ID: Final = 255
BLOCK_ID: Final = 255
# No length is documented for a text inside rich_text; we hold ours to the text object's.
RICH_TEXT: Final = TEXT_OBJECT

# docs.slack.dev/interactivity/implementing-slash-commands: acknowledged within 3 s; ours is 2 s.
ACKNOWLEDGE_SECONDS: Final = 3.0
# docs.slack.dev/authentication/verifying-requests-from-slack: five minutes either way.
SIGNATURE_SECONDS: Final = 300
# Slack's own payloads are a few kB; a pasted command is at most some 10 kB before form encoding.
REQUEST_BYTES: Final = 256 * 1024

# A command typed by a person. Slack's composer takes 12,000 characters (a message's limit).
COMMAND_CHARACTERS: Final = 2000
# `--address` may be repeated; the buttons' values carry them.
COMMAND_ADDRESSES: Final = 8
