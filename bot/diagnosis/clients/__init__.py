"""What each client does with a server: one entry of data a client, one evaluator for all.

Adding a client is one entry in `table` and its line in the tests.
"""

from bot.diagnosis.clients.evaluate import predict
from bot.diagnosis.clients.table import CLIENTS, Client

__all__ = ["CLIENTS", "Client", "predict"]
