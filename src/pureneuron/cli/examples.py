"""What the help says besides the options: a summary of each command, examples, exit statuses."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["ALL", "GROUPS", "HELP", "Help"]

_FITTED = (
    "0  the network is recovered",
    "1  it ran, but do not rely on the network: the text says why and what to try",
    "2  bad usage or bad input",
)


@dataclass(frozen=True)
class Help:
    """Summary of a command, examples, and what its exit statuses mean.

    Attributes
    ----------
    summary : str
        A sentence, as in the list of commands.
    examples : tuple of str
        Command lines that can be run as they are, given the files.
    statuses : tuple of str
        A line each.
    """

    summary: str
    examples: tuple[str, ...]
    statuses: tuple[str, ...]

    @property
    def epilog(self) -> str:
        """The text; lines are paragraphs, since click joins the lines of a paragraph."""
        examples = (f"$ {example}" for example in self.examples)
        return "\n\n".join(("Examples:", *examples, "", "Exit status:", *self.statuses))


def _done(what: str) -> tuple[str, ...]:
    return (f"0  {what}", "2  bad usage or bad input")


ALL = Help(
    "Recover the weights of a two-layer ReLU network.",
    (
        "pureneuron fit samples.csv -o model.safetensors --report report.html",
        "pureneuron identify model.onnx -o read.safetensors",
        "pureneuron COMMAND --help",
    ),
    (*_FITTED, "130  interrupted"),
)

HELP = {
    "fit": Help(
        "Recover the network behind SAMPLES: files, folders or patterns.",
        (
            "pureneuron fit samples.csv",
            "pureneuron fit data/ --inputs 'stim_*' --outputs 'rate_*' -k 4 -o model.safetensors",
            "pureneuron fit samples.parquet --hidden-bias --intercept --report report.html",
        ),
        _FITTED,
    ),
    "identify": Help(
        "Read the network off BOX by questions.",
        (
            "pureneuron identify model.onnx -o read.safetensors",
            "pureneuron identify --command ./box --n-inputs 10 --budget 2000 --json",
        ),
        _FITTED,
    ),
    "predict": Help(
        "Predict the outputs of MODEL at the inputs in SAMPLES: files, folders or patterns.",
        ("pureneuron predict model.safetensors more.csv -o predictions.csv",),
        _done("the predictions are written"),
    ),
    "compare": Help(
        "Pair the neurons of MODEL with those of TRUTH and say how near they are.",
        (
            "pureneuron compare model.safetensors truth.safetensors",
            "pureneuron compare model.safetensors truth.safetensors --samples samples.csv",
        ),
        _done("the comparison was made; the networks may differ"),
    ),
    "diagnose": Help(
        "Say what the moment method finds in SAMPLES, without a fit.",
        ("pureneuron diagnose samples.csv", "pureneuron diagnose samples.csv -k 4 --json"),
        _done("the diagnosis was made"),
    ),
    "report": Help(
        "Write a report of MODEL, a .safetensors file, on the SAMPLES that it was fitted to.",
        (
            "pureneuron report model.safetensors samples.csv -o report.html",
            "pureneuron report model.safetensors digits.parquet --image-shape 8x8",
        ),
        _FITTED,
    ),
    "plot": Help(
        "Draw a picture of MODEL, a .safetensors file: a .png, .svg or .pdf file.",
        (
            "pureneuron plot units model.safetensors -o units.png",
            "pureneuron plot compare model.safetensors truth.safetensors",
        ),
        _done("the picture is written"),
    ),
    "moments": Help(
        "Gather the moments of SAMPLES, files, folders or patterns, in one pass.",
        (
            "pureneuron moments part-1.parquet -o a.safetensors",
            "pureneuron moments data/ --inputs 'stim_*' --outputs 'rate_*' -o a.safetensors",
        ),
        _done("the moments are written"),
    ),
    "merge": Help(
        "Add up the moments in FILES, as 'pureneuron moments' and this command write them.",
        ("pureneuron merge a.safetensors b.safetensors -o all.safetensors",),
        _done("the sum is written"),
    ),
    "solve": Help(
        "Make the moment estimate from MOMENTS, a file that 'pureneuron moments' or 'merge' wrote.",
        ("pureneuron solve all.safetensors -k 3 -o model.safetensors",),
        (
            "0  nothing that moments show speaks against the network, which does not confirm it",
            *_FITTED[1:],
        ),
    ),
    "demo": Help(
        "Recover a classifier of digits, from samples and by questions, and check every unit.",
        ("pureneuron demo", "pureneuron demo --output-dir demo --force"),
        ("0  both are recovered", "1  one of them is not", _FITTED[2]),
    ),
}

GROUPS = {
    "Find a network": ["fit", "identify"],
    "Use a network": ["predict", "compare", "report", "plot"],
    "Moments": ["diagnose", "moments", "merge", "solve"],
    "Try it": ["demo"],
}
