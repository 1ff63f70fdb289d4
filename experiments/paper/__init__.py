"""The figures of Ge, Kuditipudi, Li, Wang (ICLR 2019), made again: ``make paper``.

- ``points``: what is plotted, and what the paper has there;
- ``methods``: the plain algorithm, the paper's practical variant, and what this library does;
- ``trials``: what makes them, resumable; ``run``: all trials of all points;
- ``report``: the plots, and a page with every point beside the paper's;
- ``perturbation``: Theorems 9 and 10 at work;
- ``degenerate``: what is said where a condition fails;
- ``slope``: whether the errors of a fitted slope are what they say.
"""
