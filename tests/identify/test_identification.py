"""Boxes that are read from end to end, and boxes that are none."""

import pickle
from dataclasses import replace
from math import pi

import numpy as np
import pytest
from known import (
    Asked,
    assert_same_function,
    assert_same_units,
    in_single_precision,
    row_by_row,
    softmax,
    spread,
)
from scipy.special import expit

from networks import PARTS, random_network
from pureneuron import TwoLayerNetwork, identify
from pureneuron.identify import Box, Identification
from pureneuron.results import Status


def assert_read(found, truth, tolerance=1e-7):
    assert found.status is Status.RECOVERED
    assert found.certified
    assert_same_units(found.network, truth, tolerance)
    assert found.accuracy < tolerance
    assert found.n_fresh >= 30


def changed(network, **parts):
    return TwoLayerNetwork(**{name: getattr(network, name) for name in PARTS} | parts)


# Networks


@pytest.mark.parametrize(
    ("d", "k", "m", "seeds"),
    [
        (1, 4, 1, 8),
        (2, 1, 1, 8),
        (3, 5, 2, 4),
        (10, 30, 1, 3),
        (20, 10, 1, 4),
        (8, 20, 3, 4),
        (64, 16, 64, 2),
    ],
)
def test_every_weight_is_read(d, k, m, seeds):
    for seed in range(seeds):
        network = random_network(seed, d=d, k=k, m=m)
        box = Asked(network.predict)
        found = identify(box, d, rng=seed)
        assert_read(found, network)
        assert found.n_questions == len(box)
        assert found.n_passes == len(box.calls)


@pytest.mark.parametrize(
    ("d", "k", "m", "most"),
    # With many outputs a question tells more, and what is asked beside the unknowns weighs more.
    [(10, 30, 1, 1.5), (20, 10, 1, 1.6), (64, 16, 64, 0.2)],
)
def test_questions_are_hardly_more_than_parameters(d, k, m, most):
    cost = []
    for seed in range(3 if m > 1 else 5):
        network = random_network(seed, d=d, k=k, m=m)
        found = identify(network, rng=seed)
        cost.append(found.n_questions / (k * (d + 1 + m) + m))
    assert np.median(cost) <= most


@pytest.mark.parametrize("kind", ["multiples", "one output each"])
def test_neurons_that_bend_outputs_in_the_same_ratio_are_told_apart(kind):
    # Between two such neurons nothing need be seen: the pieces on either side of both meet.
    for seed in range(4):
        rng = np.random.default_rng(seed)
        network = random_network(seed, d=10, k=20, m=3)
        if kind == "multiples":
            A = np.outer([1.0, 2.0, 3.0], rng.standard_normal(20))
        else:
            A = np.eye(3)[:, np.arange(20) % 3] * rng.uniform(0.5, 1.5, 20)
        network = changed(network, A=A)
        assert_read(identify(network, rng=seed), network)


@pytest.mark.parametrize("slope", [0.01, 0.3, -0.2])
def test_leaky_rectifiers(slope):
    network = random_network(0, d=5, k=6, m=2, slope=slope)
    assert_read(identify(network, rng=0), network)
    network = random_network(1, d=5, k=4, m=1, slope=slope)
    assert_read(identify(network, rng=0), network)


@pytest.mark.parametrize("m", [1, 3])
def test_a_skip_term(m):
    network = random_network(0, k=6, m=m, linear=True)
    found = identify(network, rng=0)
    assert_read(found, network)
    assert any("linear part" in note for note in found.notes)


@pytest.mark.parametrize("weight", [5e-5, 1e-6, 1e-8])
@pytest.mark.parametrize("k", [4, 12])
def test_a_weak_skip_term_stays(k, weight):
    network = random_network(3, d=6, k=k, m=1)
    box = Asked(lambda X: network.predict(X) + weight * X[:, :1])
    found = identify(box, 6, rng=0)
    assert found.status is Status.RECOVERED
    X = np.random.default_rng(1).standard_normal((500, 6))
    off = np.abs(found.network.predict(X) - box(X)).max()
    # What is said of the accuracy is that of the network that is returned.
    assert off < 1e-10
    assert found.accuracy < 1e-10


def test_with_one_input_no_choice_of_sides_that_nearly_fits_is_taken():
    network = random_network(1, d=1, k=30, m=1, linear=True)
    found = identify(network, rng=0)
    assert found.status is Status.RECOVERED
    X = np.random.default_rng(1).standard_normal((500, 1))
    np.testing.assert_allclose(found.network.predict(X), network.predict(X), atol=1e-11)


def test_absolute_values():
    X = np.random.default_rng(1).standard_normal((500, 1))
    for seed in range(4):
        found = identify(lambda X: np.abs(X[:, 0] - 0.3), 1, rng=seed)
        assert found.status is Status.RECOVERED
        np.testing.assert_allclose(found.network.predict(X), np.abs(X - 0.3), atol=1e-12)


def test_inputs_in_very_different_units():
    network = random_network(0, k=5, m=2)
    center = np.array([0.0, 1e6, 0.01, -1e-6])
    scale = np.array([1.0, 1e4, 1e-3, 1e-7])
    found = identify(
        lambda X: network.predict((X - center) / scale), 4, center=center, scale=scale, rng=0
    )
    inside = network.W / scale
    truth = changed(network, W=inside, hidden_bias=network.hidden_bias - inside @ center)
    assert found.status is Status.RECOVERED
    # Compared in the coordinates of the region, where all inputs weigh the same.
    W, b = found.network.W * scale, found.network.hidden_bias + found.network.W @ center
    assert_same_units(changed(found.network, W=W, hidden_bias=b), network)
    assert truth.match(found.network).error_W < 1e-14


def test_bounds():
    network = random_network(1, k=5, m=2)
    found = identify(network, bounds=(-3.0, [4.0, 5.0, 6.0, 7.0]), rng=0)
    assert_read(found, network)


def test_weak_neurons_within_bounds():
    # Read again they must be where the line crosses their hyperplanes, and within the bounds.
    for seed in range(5):
        rng = np.random.default_rng(seed)
        A = rng.standard_normal((16, 8)) * np.repeat([1.0, 1e-5], 4)
        b, W = 0.1 * rng.standard_normal(8), rng.standard_normal((8, 20)) / np.sqrt(20.0)
        network = TwoLayerNetwork(A, W, b, rng.standard_normal(16))
        found = identify(network, bounds=(-1.0, 1.0), rng=seed)
        assert_read(found, network, 1e-5)
        assert found.n_questions < 600


def test_outputs_with_an_offset_in_other_units():
    network = random_network(2, k=5, m=3)
    size, offset = np.array([1e5, 1.0, 1e-3]), np.array([1e6, -3.0, 0.0])
    truth = changed(
        network,
        A=network.A * size[:, None],
        output_bias=network.output_bias * size + offset,
    )
    found = identify(truth, rng=0)
    assert found.status is Status.RECOVERED
    back = changed(
        found.network,
        A=found.network.A / size[:, None],
        output_bias=(found.network.output_bias - offset) / size,
    )
    assert_same_units(back, network)


def test_a_line_goes_as_far_as_probabilities_say_something_on_either_side():
    # The second class is out of sight from x = 134 on, and the other side shows a kink at -200.
    network = TwoLayerNetwork([[5.0, 0.1], [0.0, 0.0]], [[1.0], [-1.0]], [0.0, -200.0])
    found = identify(lambda X: softmax(network.predict(X)), 1, link="softmax", rng=0)
    assert found.certified
    kinks = -found.network.hidden_bias / found.network.W[:, 0]
    np.testing.assert_allclose(np.sort(kinks), [-200.0, 0.0], rtol=1e-9, atol=1e-9)


def test_probabilities_through_a_softmax():
    network = random_network(3, k=6, m=4)
    found = identify(lambda X: softmax(network.predict(X)), 4, link="softmax", rng=0)
    # What all logits share is not in the answers.
    shared = changed(
        network,
        A=network.A - network.A.mean(axis=0),
        output_bias=network.output_bias - network.output_bias.mean(),
    )
    assert_read(found, shared)
    X = 0.5 * np.random.default_rng(0).standard_normal((50, 4))
    np.testing.assert_allclose(
        softmax(found.network.predict(X)), softmax(network.predict(X)), rtol=1e-7
    )


@pytest.mark.parametrize("m", [1, 3])
def test_probabilities_through_a_sigmoid(m):
    network = random_network(4, k=5, m=m)

    def box(X):
        P = expit(network.predict(X))
        return P[:, 0] if m == 1 else P

    assert_read(identify(box, 4, link="sigmoid", rng=0), network)
    # A box may say itself what its link is.
    known = Box(box, 4, "sigmoid", "box", None)
    assert_read(identify(known, rng=0), network)
    # If nobody does, it is no network.
    assert identify(box, 4, rng=0).status is Status.NOT_PIECEWISE_LINEAR


@pytest.mark.parametrize("link", ["sigmoid", "softmax"])
def test_probabilities_that_are_what_is_left_of_a_sum(link):
    # As onnxruntime has them: small ones are as exact as a half is, and no more.
    for seed in range(6):
        network = random_network(seed, d=4, k=6, m=1)

        def box(X, network=network):
            P = 0.5 + (expit(network.predict(X)) - 0.5)
            return P if link == "sigmoid" else np.hstack([P, 1.0 - P])

        found = identify(box, 4, link=link, rng=seed)
        assert found.status is Status.RECOVERED
        X = 0.5 * np.random.default_rng(0).standard_normal((50, 4))
        own = found.network.predict(X)
        logits = own if link == "sigmoid" else own[:, :1] - own[:, 1:]
        np.testing.assert_allclose(logits, network.predict(X), rtol=0.0, atol=1e-6)


@pytest.mark.parametrize("times", [1e3, 1e4])
def test_a_strong_neuron_that_is_off_where_one_looks_first(times):
    for seed in range(6):
        network = random_network(seed, d=4, k=5, m=1)
        A, b = network.A.copy(), network.hidden_bias.copy()
        A[0, 2] *= times
        b[2] -= 2.0 * np.linalg.norm(network.W[2])
        strong = TwoLayerNetwork(A, network.W, b)
        found = identify(strong.predict, 4, rng=seed)
        assert found.status is Status.RECOVERED
        assert_same_units(found.network, strong, 1e-6)


def test_a_skip_term_within_bounds_that_no_hyperplane_can_be_stepped_across():
    rng = np.random.default_rng(22)
    W, b = rng.standard_normal((6, 5)), 2.0 * rng.standard_normal(6)
    A, L = rng.standard_normal((1, 6)), rng.standard_normal((1, 5))
    network = TwoLayerNetwork(A, W, b, linear=L)
    found = identify(network.predict, 5, rng=0, bounds=(-1.0, 1.0))
    assert found.status is Status.RECOVERED
    X = rng.uniform(-1.0, 1.0, (200, 5))
    np.testing.assert_allclose(found.network.predict(X), network.predict(X), atol=1e-6)


@pytest.mark.parametrize(("d", "k", "m"), [(4, 12, 3), (20, 10, 1), (32, 16, 32)])
def test_single_precision_is_read_to_what_it_allows(d, k, m):
    network = random_network(1, d=d, k=k, m=m)
    found = identify(in_single_precision(network), d, rng=0)
    assert_read(found, network, 1e-4)
    # It is said what limits the accuracy.
    assert 1e-9 < found.rounding < 1e-5


def test_small_boxes_in_single_precision():
    # Most places are flat, and a flat place shows no rounding.
    for seed in range(12):
        network = random_network(seed, d=2, k=1, m=1)
        found = identify(in_single_precision(network), 2, rng=seed)
        assert found.status is Status.RECOVERED


def test_inputs_that_are_rounded_coarsely():
    # An input about −3 that varies by 1e-3 is known to 1e-13 of that only.
    network = random_network(0, k=5, m=2)
    center, scale = np.array([0.0, 0.0, -3.0, 0.0]), np.array([1.0, 1.0, 1e-3, 1.0])
    for seed in range(6):
        found = identify(
            lambda X: network.predict((X - center) / scale), 4, center=center, scale=scale, rng=seed
        )
        assert found.status is Status.RECOVERED


# Degenerate boxes


@pytest.mark.parametrize("m", [1, 2])
def test_linear_functions_have_no_neurons(m):
    M = np.random.default_rng(0).standard_normal((3, m))
    found = identify(lambda X: X @ M + 2.0, 3, rng=0)
    assert found.status is Status.RECOVERED
    assert found.network.n_neurons == 0
    np.testing.assert_allclose(found.network.linear, M.T, atol=1e-10)
    np.testing.assert_allclose(found.network.output_bias, 2.0, atol=1e-10)


@pytest.mark.parametrize("whole", [True, False])
@pytest.mark.parametrize(("d", "m"), [(3, 1), (20, 2), (100, 5)])
def test_linear_functions_in_single_precision_have_no_neurons(d, m, whole):
    rng = np.random.default_rng(1)
    M, c = rng.standard_normal((d, m)), rng.standard_normal(m)

    def box(X):
        # Rounded at the end only, or in all sums.
        return np.float32(X) @ np.float32(M) + np.float32(c) if whole else np.float32(X @ M + c)

    found = identify(box, d, rng=0)
    assert found.status is Status.RECOVERED
    assert found.network.n_neurons == 0
    np.testing.assert_allclose(found.network.linear, M.T, atol=2e-6)
    np.testing.assert_allclose(found.network.output_bias, c, atol=2e-6)
    # It is said what limits the accuracy, also where that was seen late.
    Z = rng.standard_normal((2000, d))
    off = np.sqrt(np.mean((box(Z) - Z @ M - c) ** 2)) / np.sqrt(np.mean((Z @ M) ** 2))
    assert 0.2 * off < found.rounding < 1e-5


def test_a_weak_neuron_in_single_precision_is_no_rounding():
    # It is on in 7 % of the region, and adds some tens of roundings there.
    for seed in range(4):
        rng = np.random.default_rng(seed)
        M, w = rng.standard_normal((5, 1)), rng.standard_normal(5)
        w /= np.linalg.norm(w)
        network = TwoLayerNetwork([[1e-4]], w[None], [-1.5], [1.0], linear=M.T)
        found = identify(lambda X, f=network.predict: np.float32(f(X)), 5, rng=seed)
        assert found.status is not Status.RECOVERED or found.network.n_neurons
        # Lines that show no neuron do not ask for all again.
        assert found.n_questions < 1500


@pytest.mark.parametrize(
    "value",
    [
        pi,
        -1e-30,
        3.0,
        0.0,
    ],
)
def test_constant_functions_have_no_neurons(value):
    found = identify(lambda X: np.full(len(X), value), 3, rng=0)
    assert found.status is Status.RECOVERED
    assert found.network.n_neurons == 0
    np.testing.assert_allclose(found.network.linear, 0.0, atol=1e-12 * abs(value))
    np.testing.assert_allclose(found.network.output_bias, value, rtol=1e-9)


@pytest.mark.parametrize("size", [1e-280, 1e-14, 1e14, 1e200])
@pytest.mark.parametrize("bounds", [None, (-2.0, 2.0)])
def test_a_neuron_that_is_seldom_on_is_seen_in_any_units(size, bounds):
    X = np.random.default_rng(1).uniform(-2.0, 2.0, (500, 1))
    wanted = np.maximum(X - 1.0, 0.0)
    for seed in range(6):
        found = identify(
            lambda X: size * np.maximum(X[:, 0] - 1.0, 0.0), 1, bounds=bounds, rng=seed
        )
        assert found.status is Status.RECOVERED
        assert found.network.n_neurons == 1
        np.testing.assert_allclose(found.network.predict(X) / size, wanted, atol=1e-12)


def test_a_neuron_that_is_seldom_on_in_single_precision():
    network = TwoLayerNetwork([[1.0]], [[1.0, 1.0, 1.0, 1.0, 1.0]], [-2.5])
    X = np.random.default_rng(1).standard_normal((500, 5))
    for seed in range(4):
        found = identify(lambda X: network.predict(X).astype(np.float32), 5, rng=seed)
        assert found.status is Status.RECOVERED
        assert found.network.n_neurons == 1
        np.testing.assert_allclose(found.network.predict(X), network.predict(X), atol=1e-5)


@pytest.mark.parametrize("m", [1, 2])
def test_one_input_in_single_precision(m):
    X = np.random.default_rng(1).standard_normal((500, 1))
    for seed in range(4):
        network = random_network(seed, d=1, k=3, m=m)
        found = identify(lambda X, n=network: n.predict(X).astype(np.float32), 1, rng=seed)
        assert found.status is Status.RECOVERED
        np.testing.assert_allclose(found.network.predict(X), network.predict(X), atol=1e-4)


@pytest.mark.parametrize("bias", [0.5, 8.0])
def test_a_constant_of_few_digits_hides_no_neuron(bias):
    network = TwoLayerNetwork([[1e-3]], [[1.0, 0.3]], [-1.5], [bias])
    for seed in range(6):
        found = identify(network, rng=seed)
        # Never is a constant certified in the place of it.
        assert found.network.n_neurons == 1
        assert_read(found, network, 1e-6)


@pytest.mark.parametrize("factor", [2.0, -0.5])
def test_twins_are_one_neuron(factor):
    network = random_network(5, k=5, m=2)
    W, b = network.W.copy(), network.hidden_bias.copy()
    W[4], b[4] = factor * W[3], factor * b[3]
    twins = changed(network, W=W, hidden_bias=b)
    A = network.A[:, :4].copy()
    A[:, 3] += abs(factor) * network.A[:, 4]
    united = TwoLayerNetwork(A, W[:4], b[:4], network.output_bias)
    if factor < 0.0:
        # a σ(−|f| z) = |f| a (σ(z) − z)
        moved = abs(factor) * network.A[:, 4:]
        united = changed(
            united,
            linear=-moved @ W[3:4],
            output_bias=network.output_bias - moved[:, 0] * b[3],
        )
    assert_read(identify(twins, rng=0), united)


def test_a_bump_that_ends_of_a_line_do_not_show_is_read():
    # Three neurons that cancel but between two hyperplanes, and some others.
    for seed in range(5):
        rng = np.random.default_rng(seed)
        others, w = random_network(seed, d=3, k=3, m=1), rng.standard_normal(3)
        network = TwoLayerNetwork(
            np.hstack([others.A, [[1.0, -2.0, 1.0]]]),
            np.vstack([others.W, w, w, w]),
            np.append(others.hidden_bias, [1.0, 0.0, -1.0]),
            others.output_bias,
        )
        found = identify(network, rng=seed)
        assert found.status is Status.RECOVERED
        # Turned round all together, the three are the same bump.
        assert found.network.n_neurons == 6
        assert_same_function(found.network.predict, network.predict, spread(3), 1e-7)


def test_neurons_that_do_nothing_are_not_read():
    network = random_network(6, k=6, m=2)
    A, W, b = network.A.copy(), network.W.copy(), network.hidden_bias.copy()
    # No effect, no input, never on.
    A[:, 0], W[1], b[2] = 0.0, 0.0, -1e5
    found = identify(changed(network, A=A, W=W, hidden_bias=b), rng=0)
    constant = network.A[:, 1] * max(b[1], 0.0)
    left = TwoLayerNetwork(A[:, 3:], W[3:], b[3:], network.output_bias + constant)
    assert_read(found, left)


def test_neurons_that_are_always_on_become_linear():
    network = random_network(7, k=4, m=2)
    b = network.hidden_bias.copy()
    b[0] = 1e5
    found = identify(changed(network, hidden_bias=b), rng=0)
    rest = TwoLayerNetwork(
        network.A[:, 1:],
        network.W[1:],
        b[1:],
        network.output_bias + network.A[:, 0] * b[0],
        linear=np.outer(network.A[:, 0], network.W[0]),
    )
    assert found.status is Status.RECOVERED
    # The constant is large, and answers are exact to its rounding.
    assert_same_units(found.network, rest, 1e-5)
    assert any("always on" in note for note in found.notes)


def test_another_number_of_neurons_than_was_said_is_noted():
    network = random_network(8, k=4, m=2)
    found = identify(network, n_neurons=6, rng=0)
    assert_read(found, network)
    assert "6 neurons were asked for, and 4 are seen here" in found.notes
    assert identify(network, n_neurons=4, rng=0).notes == ()


# What holds of all


def test_the_same_seed_gives_the_same_bits():
    network = random_network(12, d=6, k=8, m=2)
    one, same, other = (identify(network, rng=seed) for seed in (3, 3, 4))
    assert all(np.array_equal(getattr(one.network, n), getattr(same.network, n)) for n in PARTS)
    assert (one.n_questions, one.reason, one.accuracy) == (
        same.n_questions,
        same.reason,
        same.accuracy,
    )
    assert not np.array_equal(one.network.W, other.network.W)
    generator = identify(network, rng=np.random.default_rng(3))
    assert np.array_equal(one.network.W, generator.network.W)


@pytest.mark.parametrize("size", [1, 7, 64])
def test_any_batch_size_gives_the_same_bits(size):
    network = random_network(13, d=5, k=6, m=2)
    function = row_by_row(network)
    whole = identify(function, 5, rng=0)
    box = Asked(function)
    found = identify(box, 5, rng=0, batch_size=size)
    assert max(map(len, box.calls)) <= size
    assert all(np.array_equal(getattr(whole.network, n), getattr(found.network, n)) for n in PARTS)
    assert (whole.status, whole.n_questions) == (found.status, found.n_questions)
    assert_read(found, network)


def test_the_callback_hears_of_all_questions():
    heard = []
    network = random_network(14)
    found = identify(network, rng=0, callback=heard.append)
    counts = [progress.iteration for progress in heard]
    assert counts == sorted(counts)
    assert counts[-1] == found.n_questions
    assert len(heard) == found.n_passes
    assert {progress.stage for progress in heard} <= {stage.name for stage in found.stages}
    asked = {stage.name: stage.figures["questions"] for stage in found.stages}
    assert 0.9 * found.n_questions < sum(asked.values()) <= found.n_questions
    assert asked["fresh questions"] >= found.n_fresh > asked["orientation"] == 0
    assert asked["lines"] > len(network.W) * network.n_inputs


def test_what_is_returned_prints():
    network = random_network(15, m=2, slope=0.25)
    found = identify(network, rng=0)
    text = str(found)
    assert text.startswith("RECOVERED: ")
    assert repr(found.network) in text
    assert f"{found.n_questions} questions" in text
    for stage in ("precision", "lines", "fresh questions", "orientation"):
        assert f"{stage}: {found.stage(stage).summary}" in text
    summary = found.summary()
    for part in (
        "RECOVERED",
        str(found.n_questions),
        "Negative slope",
        "0.25",
        "no standard errors",
    ):
        assert part in summary
    spent = identify(network, budget=found.n_questions - 1, rng=0)
    assert str(spent).startswith("OUT_OF_BUDGET: ")
    assert spent.advice in str(spent)
    assert "not certified" in spent.summary()
    with pytest.raises(ValueError, match="no intervals: the answers have no noise"):
        found.conf_int()


def test_a_network_without_neurons_prints():
    linear = identify(lambda X: X[:, :2] + 1.0, 3, rng=0)
    assert "0 neurons" in str(linear)
    assert "RECOVERED" in linear.summary()
    spent = identify(random_network(0), budget=20, rng=0)
    assert "OUT_OF_BUDGET" in spent.summary()


def test_the_certificate_says_how_much_may_be_wrong():
    network = random_network(3, d=4, k=6, m=1)
    found = identify(network, n_fresh=500, rng=0)
    assert found.n_fresh == 500
    # 500 right answers are less likely than one in twenty where this share is wrong.
    np.testing.assert_allclose((1.0 - found.largest_share_wrong) ** 500, 0.05)
    assert "500 fresh questions" in found.reason
    assert "less than 0.006 of the region is wrong, at a level of 95 %" in found.reason
    assert replace(found, status=Status.MISFIT).largest_share_wrong == 1.0
    assert identify(network, budget=20, rng=0).largest_share_wrong is None


def test_neurons_come_in_the_order_of_their_effect():
    network = random_network(18, k=8, m=1)
    found = identify(network, rng=0).network
    # Rows have unit length: what a neuron does is in A.
    np.testing.assert_allclose(np.linalg.norm(found.W, axis=1), 1.0, rtol=1e-12)
    assert (np.diff(np.linalg.norm(found.A, axis=0)) <= 0.0).all()


def test_what_is_returned_is_pickled():
    # As between processes: the library itself writes no pickles.
    found = identify(random_network(16), rng=0)
    copy = pickle.loads(pickle.dumps(found))
    assert isinstance(copy, Identification)
    assert str(copy) == str(found)
    np.testing.assert_array_equal(copy.network.W, found.network.W)
    assert replace(copy, reason="").n_questions == found.n_questions


def test_names_come_from_the_box():
    network = random_network(17, m=2)
    found = identify(Box(network.predict, 4, "identity", "box", ("left", "right")), rng=0)
    assert found.input_names == ("x0", "x1", "x2", "x3")
    assert found.output_names == ("left", "right")
    assert identify(network, rng=0).output_names == ("y0", "y1")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"n_inputs": None}, "does not say how many inputs it has: give n_inputs"),
        ({"n_inputs": 0}, "n_inputs must be an integer of at least 1, got 0"),
        ({"n_inputs": 4.0}, "n_inputs must be an integer of at least 1, got 4.0"),
        ({"n_inputs": True}, "n_inputs must be an integer of at least 1, got True"),
        ({"budget": 0}, "budget must be an integer of at least 1, got 0"),
        ({"budget": "much"}, "budget must be an integer of at least 1, got 'much'"),
        ({"batch_size": 0}, "batch_size must be an integer of at least 1, got 0"),
        ({"batch_size": 1.5}, "batch_size must be an integer of at least 1, got 1.5"),
        ({"n_neurons": 0}, "n_neurons must be an integer of at least 1 or 'auto', got 0"),
        ({"n_neurons": "many"}, "n_neurons must be an integer of at least 1 or 'auto', got 'many'"),
        ({"n_neurons": np.arange(3)}, "n_neurons must be an integer of at least 1 or 'auto', got"),
        ({"n_fresh": 0}, "n_fresh must be an integer of at least 1 or 'auto', got 0"),
        ({"time_limit": 0.0}, "time_limit must be a positive number, got 0.0"),
        ({"time_limit": np.nan}, "time_limit must be a positive number, got nan"),
        ({"callback": 3}, "callback must be callable, got 3"),
        ({"link": "relu"}, "link must be"),
        ({"link": None}, "link must be"),
        ({"bounds": 3}, r"bounds must be a pair \(low, high\), .* got 3"),
        ({"bounds": [(-1, 1)] * 3}, r"bounds must be a pair \(low, high\)"),
        ({"bounds": (-1, "high")}, "bounds must be a number or 4 numbers, got 'high'"),
        ({"center": "left"}, "center must be a number or 4 numbers, got 'left'"),
    ],
)
def test_arguments_are_checked_before_anything_is_asked(arguments, message):
    box = Asked(random_network(0).predict)
    with pytest.raises(ValueError, match=message):
        identify(box, **{"n_inputs": 4, **arguments})
    assert not box.calls
    with pytest.raises(ValueError, match="has 4 inputs, and n_inputs says 3"):
        identify(random_network(0), 3)
    with pytest.raises(TypeError, match="got int"):
        identify(3, 4)
