"""The SQS endpoint over HTTP: who may call, both wire protocols, and the actions behind them."""
