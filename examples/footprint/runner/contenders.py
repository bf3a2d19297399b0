"""The contenders."""

from collections import namedtuple

# What the image and the option are called; the cargo feature that has it built; its row in the table; and, by target,
# why it is not there.
Contender = namedtuple("Contender", "name feature label missing", defaults=[{}])

ALL = [
    Contender("empty", None, "empty"),
    Contender("base", None, "base"),
    Contender("codec", "codec", "codec"),
    Contender("kvs", "kvs", "**kvs**"),
    Contender("kvs-save", "kvs", "**kvs**, whole struct saved"),
    Contender("kvs-live", "kvs-live", "**kvs**, shared and saved by itself"),
    Contender("kvs-async", "kvs-async", "**kvs**, async API"),
    Contender("sequential-storage", "sequential-storage", "sequential-storage"),
    Contender("sequential-storage-pass", "sequential-storage", "sequential-storage, loaded in one pass"),
    Contender("sequential-storage-cached", "sequential-storage", "sequential-storage, cached"),
    Contender("ekv", "ekv", "ekv, with 8 pages"),
    Contender("tickv", "tickv", "tickv"),
    Contender(
        "cfg-noodle",
        "cfg-noodle",
        "cfg-noodle",
        {"thumbv6m-none-eabi": "does not compile: it needs atomic compare-and-swap, which a Cortex-M0 has not"},
    ),
]
