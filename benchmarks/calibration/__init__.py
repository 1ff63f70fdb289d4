"""Whether errors, tests and the certificate say what is so, on the noise that real data have.

    python -m benchmarks.calibration [PART[:CELL] ...] [--data-sets N] [--output FOLDER]

measures the parts one after another, and writes each fit to a line of ``<part>.jsonl``, the tables
to ``calibration.md`` and their picture to ``calibration.svg``. It can be stopped at any time: the
next call goes on with the data sets that are wanting. After a change of the library move the files
away; ``--again`` repeats no more than the fits that ended in an error.

``laws``, ``data`` and ``grid`` draw data sets, ``fits`` holds the descents that are no part of what
is measured, ``judge`` says whether a fit is right, ``records`` makes and keeps the fits, ``tables``
and ``picture`` show them. A module a part: ``intervals`` (coverage and standard errors),
``omitted`` (level and power of the omitted-unit test), ``counts`` (spike counts), ``order`` (the
number of neurons), ``certificate`` (how often it is wrong, and how often it is withheld), ``units``
(changes of unit) and ``speed``.

A new part is a module with a :class:`~benchmarks.calibration.records.Part` and an entry in
``run.PARTS``.
"""
