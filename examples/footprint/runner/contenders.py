"""The contenders: what the table calls them, and the cargo feature that has them built."""

from collections import namedtuple

Contender = namedtuple("Contender", "name feature label")

BASE = [
    Contender("empty", None, "empty"),
    Contender("base", None, "base"),
]
OURS = [
    Contender("kvs", "kvs", "**kvs**"),
    Contender("kvs-save", "kvs", "**kvs**, whole struct saved"),
]
PEERS = []
ALL = BASE + OURS + PEERS
