"""The contenders: what the table calls them, and the cargo feature that has them built."""

from collections import namedtuple

Contender = namedtuple("Contender", "name feature label")

BASE = [
    Contender("empty", None, "empty"),
    Contender("base", None, "base"),
    Contender("codec", "codec", "codec"),
]
OURS = [
    Contender("kvs", "kvs", "**kvs**"),
    Contender("kvs-save", "kvs", "**kvs**, whole struct saved"),
    Contender("kvs-async", "kvs-async", "**kvs**, async API"),
]
PEERS = [
    Contender("sequential-storage", "sequential-storage", "sequential-storage"),
    Contender("sequential-storage-pass", "sequential-storage", "sequential-storage, loaded in one pass"),
    Contender("sequential-storage-cached", "sequential-storage", "sequential-storage, cached"),
    Contender("ekv", "ekv", "ekv, with 8 pages"),
    Contender("tickv", "tickv", "tickv"),
]
ALL = BASE + OURS + PEERS
