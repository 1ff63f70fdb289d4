"""Side by side with what others would use: time to the optimum, on the same problems.

    python -m benchmarks.peers.run [--cells 10 32] [--methods ours adam] [--seeds 3] [--budget 60]

``problems`` holds the cells; a module a peer holds its ``fit``; ``trace`` is the stopwatch that all
of them record their losses with; ``methods`` lists them. ``single`` makes one fit in a process of
its own; ``run`` makes all of them, one after another; ``machine`` pins threads and watches who else
is at work; ``runs`` keeps what was measured; ``table`` turns it into Markdown.

What is compared is the time until the loss is within 1e-4 of the best known. Every doubt goes to
the peers: settings are the best in hindsight and those that lost cost nothing, compilation is not
counted, nor is any loss that a method does not compute by itself, and a peer that ends, stalls or
diverges short of the target starts afresh for as long as its budget lasts.

A new peer is a module with ``fit(problem, trace, rng, **setting)`` and an entry in ``METHODS``.
"""
