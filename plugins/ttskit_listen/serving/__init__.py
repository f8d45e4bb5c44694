"""The server of a listening test: the same pages, with a store of answers behind them."""
