"""recover(): statuses, options and errors, from the data to the report."""

from itertools import cycle

import numpy as np
import pytest

from pureneuron import TwoLayerNetwork, recover
from pureneuron.datasets import make_teacher, symmetric_inputs, symmetrize
from pureneuron.diagnosis import diagnose
from pureneuron.results import Status
from pureneuron.samples import ArraySamples
from pureneuron.spectral import perturb_inputs


def teacher_samples(seed, *, n=1000, d=5, k=3, m=4, noise=0.1, X=None):
    rng = np.random.default_rng(seed)
    teacher = make_teacher(d, k, m, rng=rng)
    X = rng.standard_normal((n, d)) if X is None else X
    Y = teacher.predict(X) + noise * rng.standard_normal((len(X), m))
    return teacher, ArraySamples(X, Y)


@pytest.mark.parametrize("init", ["auto", "random"])
def test_noisy_networks_are_recovered(init):
    teacher, samples = teacher_samples(0)
    recovery = recover(samples, 3, init=init, rng=0)
    assert recovery.status is Status.RECOVERED
    match = recovery.network.match(teacher)
    # Standard errors of about noise · √((d + m) / n) a neuron.
    assert match.error_A + match.error_W < 3 * 10 * 0.1**2 * 9 / 1000
    assert recovery.loss == pytest.approx(0.01, rel=0.1)
    assert recovery.certified


def test_number_of_neurons_is_found():
    for seed in range(5):
        recovery = recover(teacher_samples(seed)[1], rng=seed)
        assert recovery.network.n_neurons == 3
        assert recovery.status is Status.RECOVERED


def test_the_same_seed_gives_the_same_bits():
    samples = teacher_samples(1)[1]
    one, two, other = (recover(samples, 3, init="random", rng=seed).network for seed in (5, 5, 6))
    assert np.array_equal(one.W, two.W)
    assert np.array_equal(one.A, two.A)
    assert not np.array_equal(one.W, other.W)


def test_moments_alone():
    teacher, samples = teacher_samples(2, n=5000)
    moments = recover(samples, 3, init="moments", refine=False, rng=0)
    refined = recover(samples, 3, rng=0)
    assert moments.status is Status.RECOVERED
    assert moments.n_iter == 0
    assert moments.network.match(teacher).error_W < 0.05
    assert moments.loss > refined.loss
    assert "multistart" not in [stage.name for stage in moments.stages]
    assert moments.n_passes < refined.n_passes


def test_noise_that_differs_between_outputs_is_weighed():
    teacher, clean = teacher_samples(4, n=2000, noise=0.0)
    X, Y, _ = clean.arrays()
    deviations = np.array([0.02, 0.02, 1.0, 1.0])
    noisy = ArraySamples(X, Y + deviations * np.random.default_rng(6).standard_normal(Y.shape))
    plain = recover(noisy, 3, rng=0)
    weighed = recover(noisy, 3, noise_covariance="full", rng=0)
    assert weighed.status is Status.RECOVERED
    assert weighed.network.match(teacher).error_W < 0.05 * plain.network.match(teacher).error_W
    covariance = weighed.stage("noise").figures["covariance"]
    assert np.sqrt(np.diag(covariance)) == pytest.approx(deviations, rel=0.1)
    # Nothing to weigh where there is no noise.
    exact = recover(clean, 3, noise_covariance="full", rng=0)
    assert "noise" not in [stage.name for stage in exact.stages]


@pytest.mark.parametrize("seed", range(4, 9))
def test_an_output_without_noise_tells_everything(seed):
    teacher, clean = teacher_samples(seed, n=2000, noise=0.0)
    X, Y, _ = clean.arrays()
    noise = np.array([0.0, 0.02, 1.0, 1.0]) * np.random.default_rng(6).standard_normal(Y.shape)
    found = recover(ArraySamples(X, Y + noise), 3, noise_covariance="full", rng=0)
    # What the descent leaves of that output is not taken for a trace of the inputs.
    assert found.status is Status.RECOVERED
    assert found.network.match(teacher).error_W < 1e-9


@pytest.mark.parametrize("slope", [0.1, -0.5])
def test_leaky_networks_are_recovered_from_moments_on(slope):
    rng = np.random.default_rng(3)
    plain = make_teacher(5, 3, 4, rng=rng)
    teacher = TwoLayerNetwork(plain.A, plain.W, negative_slope=slope)
    X = rng.standard_normal((2000, 5))
    samples = ArraySamples(X, teacher.predict(X) + 0.05 * rng.standard_normal((2000, 4)))
    recovery = recover(samples, 3, negative_slope=slope, rng=0)
    assert recovery.status is Status.RECOVERED
    assert recovery.stage("multistart").figures["n_starts"] <= 2
    assert recovery.network.match(teacher).error_W < 0.01


def test_biases_are_recovered():
    rng = np.random.default_rng(4)
    plain = make_teacher(4, 3, 5, rng=rng)
    teacher = TwoLayerNetwork(plain.A, plain.W, [0.5, -0.5, 0.2], [1.0, 2.0, 3.0, 4.0, 5.0])
    X = rng.standard_normal((800, 4))
    recovery = recover(
        ArraySamples(X, teacher.predict(X)), 3, fit_hidden_bias=True, fit_intercept=True, rng=0
    )
    assert recovery.status is Status.RECOVERED
    found = recovery.network.permuted(np.argsort(recovery.network.match(teacher).right))
    truth = teacher.normalized()
    assert found.hidden_bias == pytest.approx(truth.hidden_bias, abs=1e-9)
    assert found.output_bias == pytest.approx(truth.output_bias, abs=1e-9)


@pytest.mark.parametrize(("k", "d", "m"), [(3, 4, 2), (4, 3, 5), (2, 1, 3), (3, 5, 1)])
def test_any_shape_is_recovered_without_noise(k, d, m):
    rng = np.random.default_rng(5)
    W = rng.standard_normal((k, d)) if d > 1 else np.array([[1.0], [-1.0]])
    teacher = TwoLayerNetwork(rng.standard_normal((m, k)), W)
    X = rng.standard_normal((600, d))
    recovery = recover(ArraySamples(X, teacher.predict(X)), k, rng=0)
    assert recovery.status is Status.RECOVERED
    match = recovery.network.match(teacher)
    assert match.error_A + match.error_W < 1e-16


def test_inputs_that_do_not_span_give_the_minimum_norm_network():
    rng = np.random.default_rng(6)
    basis = rng.standard_normal((3, 6))
    basis[:, 4] = 0.0
    X = rng.standard_normal((1000, 3)) @ basis
    teacher = make_teacher(6, 2, 3, rng=rng)
    recovery = recover(ArraySamples(X, teacher.predict(X)), 2, rng=0)
    assert recovery.status is Status.RECOVERED
    assert recovery.span.shape == (6, 3)
    span = np.linalg.qr(basis.T)[0]
    on_span = TwoLayerNetwork(teacher.A, teacher.W @ span @ span.T)
    match = recovery.network.match(on_span)
    assert match.error_A + match.error_W < 1e-16
    (note,) = recovery.notes
    assert "vary in only 3 of 6 dimensions" in note
    # One of them is always zero: what it would do is not determined, either.
    assert note.endswith("x0, x1, x2, x3, x4, x5")
    assert np.array_equal(recovery.network.W[:, 4], np.zeros(2))


def test_weights_take_rows_out():
    _, samples = teacher_samples(7)
    X, Y, _ = samples.arrays()
    spoiled = np.vstack([Y, Y + 100.0])
    weight = np.r_[np.ones(1000), np.zeros(1000)]
    recovery = recover(ArraySamples(np.vstack([X, X]), spoiled, weight), 3, rng=0)
    plain = recover(samples, 3, rng=0)
    assert recovery.status is Status.RECOVERED
    # Both end where what is left to gain is negligible: 0.003 of 24 unknowns by 4000 outputs.
    assert recovery.loss == pytest.approx(plain.loss, rel=2e-5)
    assert recovery.network.match(plain.network).error_W < 5e-6


class TestStatuses:
    """Degenerate but valid data end in a status with advice, not in an exception."""

    def test_dead_unit(self):
        rng = np.random.default_rng(0)
        X = np.abs(rng.standard_normal((500, 3)))
        teacher = TwoLayerNetwork(rng.standard_normal((3, 2)), [[1.0, -1.0, 0.2], [-1, -1, -1]])
        recovery = recover(ArraySamples(X, teacher.predict(X)), 2, rng=0)
        assert recovery.status is Status.RECOVERED
        assert recovery.network.match(teacher).errors_W == pytest.approx([0.0], abs=1e-20)
        assert recovery.notes == ("2 neurons were asked for, and these rows show no more than 1",)

    def test_coincident_units(self):
        rng = np.random.default_rng(0)
        teacher = TwoLayerNetwork(rng.standard_normal((3, 2)), [[1.0, 0.5], [2.0, 1.0]])
        X = rng.standard_normal((500, 2))
        recovery = recover(ArraySamples(X, teacher.predict(X)), 2, rng=0)
        assert recovery.status is Status.RECOVERED
        assert recovery.network.W == pytest.approx(np.array([[2.0, 1.0]]) / np.sqrt(5.0))
        assert recovery.network.predict(X) == pytest.approx(teacher.predict(X))

    def test_always_on_pair(self):
        rng = np.random.default_rng(0)
        X = np.abs(rng.standard_normal((500, 3)))
        teacher = TwoLayerNetwork(rng.standard_normal((3, 2)), np.abs(rng.standard_normal((2, 3))))
        recovery = recover(ArraySamples(X, teacher.predict(X)), 2, rng=0)
        assert recovery.status is Status.DEGENERATE
        assert "always on" in recovery.reason

    def test_too_many_neurons_without_noise(self):
        for seed in range(4):
            teacher, samples = teacher_samples(seed, noise=0.0)
            recovery = recover(samples, 4, rng=0)
            assert recovery.status is Status.RECOVERED
            assert recovery.network.n_neurons == 3
            assert recovery.network.match(teacher).error_W < 1e-20

    def test_too_few_neurons(self):
        _, samples = teacher_samples(1, n=5000)
        recovery = recover(samples, 2, rng=0)
        assert recovery.status is Status.MISFIT
        assert "a unit is missing" in recovery.reason

    def test_one_neuron_too_many(self):
        for seed in range(4):
            _, samples = teacher_samples(seed, n=3000, d=6, m=6, noise=0.1)
            recovery, right = (recover(samples, k, rng=seed) for k in (4, 3))
            assert recovery.status is Status.RECOVERED
            # Both end where less is left to gain than the noise makes up for.
            assert recovery.loss == pytest.approx(right.loss, rel=1e-4)
            assert recovery.network.match(right.network).error_W < 1e-4
            assert recovery.notes == (
                "4 neurons were asked for, and these rows show no more than 3",
            )

    def test_one_neuron_too_many_where_a_weak_one_could_hide(self):
        for seed in range(2):
            _, samples = teacher_samples(seed, n=600, d=6, m=6, noise=1.0)
            recovery = recover(samples, 4, rng=seed)
            assert recovery.status is Status.RANK_DEFICIENT
            assert recovery.network.n_neurons == 4
            assert "one neuron less fits as well" in recovery.reason
            # Who leaves the number to the data gets what they show.
            assert recover(samples, rng=seed).network.n_neurons == 3

    @pytest.mark.parametrize("k", [1, 2, 3])
    @pytest.mark.parametrize("refine", [True, False])
    def test_noise_alone(self, k, refine):
        rng = np.random.default_rng(k)
        samples = ArraySamples(rng.standard_normal((1000, 5)), rng.standard_normal((1000, 4)))
        recovery = recover(samples, k, refine=refine, rng=0)
        # What fits noise best may be a unit that a handful of rows switch.
        assert recovery.status in (Status.RANK_DEFICIENT, Status.DEGENERATE)

    @pytest.mark.parametrize("refine", [True, False])
    def test_linear_outputs(self, refine):
        rng = np.random.default_rng(0)
        X = rng.standard_normal((1000, 5))
        Y = X @ rng.standard_normal((5, 4)) + 0.5 * rng.standard_normal((1000, 4))
        for seed in range(3):
            recovery = recover(ArraySamples(X, Y), 4, refine=refine, rng=seed)
            assert recovery.status is not Status.RECOVERED

    @pytest.mark.parametrize(("d", "k", "m"), [(3, 3, 1), (2, 6, 2)])
    def test_few_distinct_inputs(self, d, k, m):
        rng = np.random.default_rng(0)
        X = rng.choice([-1.0, 1.0], size=(2000, d))
        teacher = TwoLayerNetwork(rng.standard_normal((m, k)), rng.standard_normal((k, d)))
        for noise in (0.0, 0.01):
            Y = teacher.predict(X) + noise * rng.standard_normal((2000, m))
            recovery = recover(ArraySamples(X, Y), k, rng=0)
            assert recovery.status is Status.TOO_FEW_SAMPLES
            assert f"about {2**d} rows are different inputs" in recovery.reason

    def test_inputs_that_leave_a_direction_undetermined(self):
        # Two clouds on a line each: a unit sees one coordinate of its weight vector.
        rng = np.random.default_rng(0)
        X = np.zeros((2000, 2))
        X[np.arange(2000), rng.integers(2, size=2000)] = rng.standard_normal(2000)
        teacher = TwoLayerNetwork(np.eye(2), np.array([[1.0, 0.5], [-0.5, 1.0]]))
        Y = teacher.predict(X) + 0.01 * rng.standard_normal((2000, 2))
        recovery = recover(ArraySamples(X, Y), 2, rng=0)
        assert recovery.status is Status.RECOVERED
        faint = recover(ArraySamples(X * [1.0, 0.0] + 1e-9, Y), 2, rng=0)
        assert faint.status is not Status.RECOVERED

    @pytest.mark.parametrize("noise", [0.0, 0.05])
    @pytest.mark.parametrize("others", [0, 2])
    def test_three_units_that_can_be_turned_round_together(self, noise, others):
        rng = np.random.default_rng(1)
        d = 2 + others
        angles = np.deg2rad([0.0, 120.0, 240.0])
        three = np.zeros((3, d))
        three[:, :2] = np.stack([np.cos(angles), np.sin(angles)]).T
        A = np.ones((d, 3 + others))
        A[:, 3:] = rng.standard_normal((d, others))
        teacher = TwoLayerNetwork(A, np.vstack([three, rng.standard_normal((others, d))]))
        X = rng.standard_normal((3000, d))
        Y = teacher.predict(X) + noise * rng.standard_normal((3000, d))
        for seed in range(3):
            recovery = recover(ArraySamples(X, Y), 3 + others, rng=seed)
            assert recovery.status is Status.DEGENERATE
            assert "other way round" in recovery.reason

    def test_a_residual_that_is_all_in_a_few_rows_is_not_believed(self):
        for seed in (2, 7):
            rng = np.random.default_rng(seed)
            X = rng.standard_t(1.0, (20_000, 4))
            teacher = TwoLayerNetwork(rng.standard_normal((4, 3)), rng.standard_normal((3, 4)))
            Y = teacher.predict(X) + 0.1 * rng.standard_normal((20_000, 4))
            recovery = recover(ArraySamples(X, Y), 3, rng=seed)
            right = recovery.network.match(teacher).error_W < 1e-3
            assert right or recovery.status is not Status.RECOVERED

    def test_a_network_that_can_be_turned_round(self):
        angles = np.deg2rad([0.0, 120.0, 240.0])
        teacher = TwoLayerNetwork(np.ones((1, 3)), np.stack([np.cos(angles), np.sin(angles)]).T)
        X = np.random.default_rng(0).standard_normal((1000, 2))
        turned = TwoLayerNetwork(teacher.A, -teacher.W)
        assert turned.predict(X) == pytest.approx(teacher.predict(X))
        recovery = recover(ArraySamples(X, teacher.predict(X)), 3, rng=0)
        assert recovery.status is Status.DEGENERATE
        assert "other way round" in recovery.reason

    def test_a_popular_local_minimum_is_not_believed(self):
        rng = np.random.default_rng(2)
        teacher = TwoLayerNetwork(rng.standard_normal((1, 6)), rng.standard_normal((6, 4)))
        X = rng.standard_normal((3000, 4))
        Y = teacher.predict(X)
        Y += 0.01 * Y.std() * rng.standard_normal(Y.shape)
        recovery = recover(ArraySamples(X, Y), 6, rng=2)
        match = recovery.network.match(teacher)
        assert recovery.status is not Status.RECOVERED or match.errors_W.max() < 0.01

    def test_moments_of_asymmetric_inputs(self):
        X = np.random.default_rng(0).standard_normal((20_000, 5)) + 2.0
        _, samples = teacher_samples(0, X=X)
        recovery = recover(samples, 3, init="moments", refine=False, rng=0)
        assert recovery.status is Status.MISFIT

    def test_offset_outputs_do_not_hide_a_missing_unit(self):
        rng = np.random.default_rng(0)
        teacher = make_teacher(4, 4, 4, rng=rng)
        X = rng.standard_normal((2000, 4))
        Y = teacher.predict(X) + 1e6
        recovery = recover(ArraySamples(X, Y), 3, fit_intercept=True, rng=0)
        assert recovery.status is not Status.RECOVERED

    def test_no_network_at_all(self):
        rng = np.random.default_rng(0)
        X, Y = rng.standard_normal((500, 4)), rng.standard_normal((500, 3))
        recovery = recover(ArraySamples(X, Y), rng=0)
        assert recovery.status is Status.RANK_DEFICIENT
        assert recovery.network.n_neurons == 1

    def test_barely_enough_rows(self):
        _, samples = teacher_samples(1, n=16, noise=0.1)
        recovery = recover(samples, 3, rng=0)
        assert recovery.status is Status.TOO_FEW_SAMPLES
        assert any("not much more" in warning for warning in recovery.warnings)

    def test_zero_residual_of_barely_enough_rows(self):
        teacher, samples = teacher_samples(1, n=7, noise=0.0)  # 28 outputs, 24 unknowns
        recovery = recover(samples, 3, init=teacher, rng=0)
        assert recovery.loss < 1e-16
        assert recovery.status is Status.TOO_FEW_SAMPLES

    def test_out_of_iterations(self):
        _, samples = teacher_samples(1)
        recovery = recover(samples, 3, init="random", max_iter=1, n_restarts=2, rng=0)
        assert recovery.status is Status.NOT_CONVERGED
        assert "max_iter" in recovery.advice

    def test_a_single_start_is_not_believed(self):
        _, samples = teacher_samples(1)
        recovery = recover(samples, 3, init="random", n_restarts=1, rng=0)
        assert recovery.status is Status.STARTS_DISAGREE

    @pytest.mark.parametrize("init", ["random", "auto"])
    def test_interruption(self, init):
        _, samples = teacher_samples(1, n=4000)  # rows enough for a subsample

        def interrupt(progress):
            if progress.iteration == 2:
                raise KeyboardInterrupt

        recovery = recover(samples, 3, init=init, rng=0, callback=interrupt)
        assert recovery.status is Status.NOT_CONVERGED
        assert "interrupted" in recovery.reason
        assert np.isfinite(recovery.network.W).all()

    @pytest.mark.parametrize("stage", ["noise", "inference"])
    def test_interruption_of_the_checks_keeps_the_network(self, stage):
        teacher, samples = teacher_samples(1, n=4000)

        def interrupt(progress):
            if progress.stage == stage:
                raise KeyboardInterrupt

        recovery = recover(samples, 3, noise_covariance="full", rng=0, callback=interrupt)
        assert recovery.status is Status.NOT_CONVERGED
        assert "before the fit was checked" in recovery.reason
        assert recovery.network.match(teacher).error_W < 1e-2

    def test_every_status_reads_well(self):
        for status in Status:
            assert status.advice.endswith(".")
        recovery = recover(teacher_samples(1)[1], 3, rng=0)
        text = str(recovery)
        for part in ("RECOVERED", "data:", "linear part:", "subsample:", "multistart:", "passes"):
            assert part in text
        with pytest.raises(KeyError, match="no stage 'lifting'"):
            recovery.stage("lifting")


class TestAsymmetricInputs:
    """Asymmetry matters, and is said, only where the result rests on symmetry."""

    def samples(self):
        X = np.random.default_rng(0).exponential(size=(4000, 5)) - 1.0
        return teacher_samples(0, X=X)

    def test_moments_alone_warn(self):
        recovery = recover(self.samples()[1], 3, init="moments", refine=False, rng=0)
        assert any("asymmetric" in warning for warning in recovery.warnings)

    def test_confirmed_fits_do_not(self):
        teacher, samples = self.samples()
        recovery = recover(samples, 3, rng=0)
        assert recovery.status is Status.RECOVERED
        assert recovery.network.match(teacher).error_W < 0.01
        assert recovery.warnings == ()

    def test_mirrored_inputs_do_not(self):
        X = symmetrize(np.random.default_rng(0).exponential(size=(2000, 5)) - 1.0)
        _, samples = teacher_samples(0, X=X)
        recovery = recover(samples, 3, init="moments", refine=False, rng=0)
        assert recovery.warnings == ()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n_neurons": 0}, "n_neurons must be an integer of at least 1 or 'auto', got 0"),
        ({"n_neurons": 2.5}, r"n_neurons .* got 2\.5"),
        ({"n_neurons": True}, "n_neurons .* got True"),
        ({"n_neurons": 501}, "4008 unknowns, more than the 4000 .* at least 1002 rows are needed"),
        ({"n_neurons": 5, "init": "moments"}, r"5 is more than min\(5, 4\); use init='random'"),
        ({"n_neurons": 4, "init": "moments"}, "rank 4, and only 3 .* use init='random'"),
        ({"n_neurons": 3, "init": "moments", "fit_intercept": True}, "no biases.*init='random'"),
        ({"n_neurons": 3, "init": "magic"}, "init must be 'auto', 'moments', 'random' or"),
        ({"n_neurons": 3, "init": "random", "refine": False}, "rules out"),
        ({"n_neurons": 5, "refine": False}, "refine=False returns the moment estimate"),
        ({"n_neurons": 3, "n_restarts": -1}, "n_restarts must be"),
        ({"n_neurons": 3, "max_iter": 0}, "max_iter must be"),
        ({"n_neurons": 3, "tol": -1.0}, "tol must be"),
        ({"n_neurons": 3, "tol": "a"}, "tol must be"),
        ({"n_neurons": 3, "negative_slope": -1.0}, "negative_slope must be"),
        ({"n_neurons": 3, "negative_slope": "0.1"}, "negative_slope must be"),
        (
            {"n_neurons": 3, "negative_slope": 2.0},
            "negative_slope must be a number between -1 and 1",
        ),
    ],
)
def test_impossible_requests_say_what_to_do(options, message):
    with pytest.raises(ValueError, match=message):
        recover(teacher_samples(0)[1], rng=0, **options)


def test_start_of_the_wrong_size_is_refused():
    start = make_teacher(5, 2, 4, rng=0)
    with pytest.raises(ValueError, match=r"network of \(5, 2, 4\).*\(5, 3, 4\) are wanted"):
        recover(teacher_samples(0)[1], 3, init=start)


@pytest.mark.parametrize(
    ("start", "message"),
    [
        (TwoLayerNetwork(np.ones((4, 3)), np.ones((3, 5)), np.ones(3)), "fit_hidden_bias=True"),
        (
            TwoLayerNetwork(np.ones((4, 3)), np.ones((3, 5)), output_bias=np.ones(4)),
            "fit_intercept=True",
        ),
        (
            TwoLayerNetwork(np.ones((4, 3)), np.ones((3, 5)), negative_slope=0.1),
            "init has negative_slope 0.1",
        ),
    ],
)
def test_start_of_another_kind_is_refused(start, message):
    with pytest.raises(ValueError, match=message):
        recover(teacher_samples(0)[1], 3, init=start)


def test_no_restarts_means_no_random_starts_at_all():
    _, samples = teacher_samples(0, n=4000)  # rows enough for a subsample
    recovery = recover(samples, 3, n_restarts=0, rng=0)
    assert recovery.status is Status.RECOVERED
    names = [stage.name for stage in recovery.stages]
    assert names == ["data", "linear part", "moments", "multistart", "inference"]
    assert recovery.stage("multistart").figures["n_starts"] == 1


@pytest.mark.parametrize("unit", [1e-100, 1e-12, 1e3, 1e100])
def test_the_unit_of_the_weights_does_not_matter(unit):
    _, samples = teacher_samples(0, n=4000)
    X, Y, _ = samples.arrays()
    weight = np.random.default_rng(0).uniform(0.5, 1.5, len(X))
    plain = recover(ArraySamples(X, Y, weight), 3, rng=0)
    scaled = recover(ArraySamples(X, Y, unit * weight), 3, rng=0)
    assert plain.status is scaled.status is Status.RECOVERED
    assert [stage.name for stage in plain.stages] == [stage.name for stage in scaled.stages]
    assert scaled.loss == pytest.approx(plain.loss, rel=1e-9)


@pytest.mark.parametrize("weighted", [False, True])
def test_offset_and_unit_of_the_outputs_do_not_matter(weighted):
    rng = np.random.default_rng(0)
    plain = make_teacher(5, 3, 4, rng=rng)
    teacher = TwoLayerNetwork(
        plain.A, plain.W, 0.5 * rng.standard_normal(3) * weighted, rng.standard_normal(4)
    )
    X = rng.standard_normal((2000, 5))
    Y = teacher.predict(X) + 0.1 * rng.standard_normal((2000, 4))
    weight = rng.uniform(0.0, 2.0, 2000) if weighted else None

    def fitted(Y):
        samples = ArraySamples(X, Y, weight)
        return recover(samples, 3, fit_hidden_bias=weighted, fit_intercept=True, rng=0)

    expected = fitted(Y)
    assert expected.status is Status.RECOVERED
    exponents = (1, 4, 7) if weighted else range(8)
    for exponent, unit in zip(exponents, cycle([1e-8, 1.0, 1e8]), strict=False):
        # A size for each output, from one to the largest.
        offset = 10.0 ** (exponent * np.array([1.0, 0.5, 1.0, 0.0])) * np.array([1, -1, -1, 1])
        found = fitted(unit * (Y + offset))
        assert found.status is expected.status
        assert found.stage("linear part").figures["rank"] == 3
        assert found.n_passes == expected.n_passes
        assert found.loss / unit**2 == pytest.approx(expected.loss, rel=1e-8)
        network, truth = found.network, expected.network
        np.testing.assert_allclose(network.W, truth.W, atol=1e-9)
        np.testing.assert_allclose(network.hidden_bias, truth.hidden_bias, atol=1e-9)
        np.testing.assert_allclose(network.A / unit, truth.A, atol=1e-9)
        bias = network.output_bias / unit - offset
        np.testing.assert_allclose(bias, truth.output_bias, atol=1e-7)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"noise_covariance": "full"},
        {"fit_hidden_bias": True, "fit_intercept": True},
        {"init": "moments", "refine": False},
    ],
    ids=["plain", "full", "biases", "moments"],
)
def test_outputs_in_units_of_their_own(options):
    rng = np.random.default_rng(0)
    teacher = make_teacher(6, 3, 4, rng=rng)
    X = rng.standard_normal((5000, 6))
    Y = teacher.predict(X)
    # All of one size: then their own units are the ones in which noise is spherical.
    Y = Y / Y.std(axis=0) + 0.1 * rng.standard_normal(Y.shape)
    Y /= Y.std(axis=0)
    unit = np.array([1.0, 1e8, 1e-8, 10.0])
    plain = recover(ArraySamples(X, Y), 3, rng=0, **options)
    found = recover(ArraySamples(X, Y * unit), 3, rng=0, **options)
    assert found.status is plain.status
    assert any("differ in size" in note for note in found.notes)
    assert not any("differ in size" in note for note in plain.notes)
    np.testing.assert_allclose(found.network.W, plain.network.W, atol=1e-6)
    np.testing.assert_allclose(found.network.A / unit[:, None], plain.network.A, atol=1e-6)
    # With "full" the loss is that of the mean noise variance, which the largest output has.
    exact = "noise_covariance" not in options
    assert found.loss == pytest.approx(plain.loss * np.mean(unit**2), rel=1e-6 if exact else 0.1)
    if plain.standard_errors is not None:
        errors, expected = found.standard_errors, plain.standard_errors
        np.testing.assert_allclose(errors.W, expected.W, rtol=1e-4)
        np.testing.assert_allclose(errors.A / unit[:, None], expected.A, rtol=1e-4)


def test_an_output_that_is_rounding_has_no_unit_of_its_own():
    rng = np.random.default_rng(0)
    teacher = make_teacher(6, 3, 4, rng=rng)
    X = rng.standard_normal((2000, 6))
    Y = teacher.predict(X)
    # A constant, and what rounding has left of its sum.
    Y[:, 0] = 0.3 + 1e-16 * rng.standard_normal(2000)
    found = recover(ArraySamples(X, Y), 3, fit_intercept=True, rng=0)
    assert found.status is Status.RECOVERED
    assert found.loss < 1e-28


@pytest.mark.parametrize("scale", [1e-8, 1.0, 1e8])
def test_a_start_at_the_truth_stays_there(scale):
    rng = np.random.default_rng(0)
    teacher = TwoLayerNetwork(
        scale * rng.standard_normal((3, 3)),
        rng.standard_normal((3, 4)),
        hidden_bias=0.5 * rng.standard_normal(3),
        output_bias=scale * rng.standard_normal(3),
    )
    X = rng.standard_normal((20_000, 4))
    samples = ArraySamples(X, teacher.predict(X))
    recovery = recover(
        samples, 3, init=teacher, fit_hidden_bias=True, fit_intercept=True, n_restarts=0, rng=0
    )
    assert recovery.n_iter <= 2
    assert recovery.network.match(teacher).error_W < 1e-20


def test_given_start_is_used():
    teacher, samples = teacher_samples(0)
    recovery = recover(samples, 3, init=teacher, rng=0)
    assert recovery.status is Status.RECOVERED
    assert "moments" not in [stage.name for stage in recovery.stages]


def test_callback_hears_of_every_stage_and_iteration():
    heard = []
    recovery = recover(
        teacher_samples(0)[1], 3, init="random", rng=0, callback=lambda p: heard.append(p)
    )
    assert {"data", "linear part", "multistart", "refining"} <= {p.stage for p in heard}
    starts = [p.start for p in heard if p.stage == "refining"]
    assert max(starts) == recovery.stage("multistart").figures["n_starts"]


def test_diagnosis_of_good_and_bad_data():
    _, samples = teacher_samples(0, n=5000)
    reports = {report.name: report for report in diagnose(samples, rng=0)}
    assert reports["linear part"].figures["rank"] == 3
    assert reports["symmetry"].figures["p_value"] > 1e-3
    assert reports["moments"].figures["gap"] > 3.0
    assert "looks unlike one" in reports["separation"].summary
    assert "can be trusted" in reports["sampling error"].summary
    X = np.random.default_rng(0).exponential(size=(5000, 5))
    reports = {report.name: report for report in diagnose(ArraySamples(X, X), rng=0)}
    assert "the inputs are asymmetric" in reports["symmetry"].summary


def test_diagnosis_names_what_moments_cannot_tell():
    # (w₁·x)(w₂·x) = (x₁² − x₂²)/2 vanishes for signs: the two neurons look like one.
    W = np.array([[1.0, 1.0], [1.0, -1.0]]) / np.sqrt(2.0)
    teacher = TwoLayerNetwork(np.eye(2), W)
    for probability, told in ((0.0, False), (0.3, True)):
        X = symmetric_inputs(20_000, 2, "rademacher", rng=0)
        X = perturb_inputs(X, probability, Q=np.eye(2), rng=1)
        Y = teacher.predict(X) + 0.01 * np.random.default_rng(2).standard_normal(X.shape)
        reports = {report.name: report for report in diagnose(ArraySamples(X, Y), 2, rng=0)}
        assert ("can be trusted" in reports["sampling error"].summary) == told
        recovery = recover(ArraySamples(X, Y), 2, rng=0)
        assert (recovery.status is Status.RECOVERED) == told


@pytest.mark.parametrize("seed", range(8))
def test_moments_of_a_degenerate_law_are_not_called_recovered(seed):
    # Rows at 45 degrees in pairs: with signs as inputs, N has columns of zeros.
    rng = np.random.default_rng(seed)
    pairs = np.eye(6)[:4].reshape(-1, 2, 6)
    W = np.concatenate([pairs[:, 0] + pairs[:, 1], pairs[:, 0] - pairs[:, 1]]) / np.sqrt(2.0)
    teacher = TwoLayerNetwork(make_teacher(6, 4, 5, rng=rng).A, W)
    X = symmetric_inputs(3000, 6, "rademacher", rng=rng)
    samples = ArraySamples(X, teacher.predict(X) + 0.02 * rng.standard_normal((3000, 5)))
    assert recover(samples, 4, refine=False, rng=seed).status is not Status.RECOVERED
    refined = recover(samples, 4, rng=seed)
    match = refined.network.match(teacher)
    assert refined.status is not Status.RECOVERED or match.error_A + match.error_W < 0.01


def test_moments_know_of_biases_that_they_do_not_know():
    rng = np.random.default_rng(0)
    teacher = make_teacher(5, 3, 4, rng=rng)
    teacher = TwoLayerNetwork(teacher.A, teacher.W, hidden_bias=np.full(3, 0.7))
    X = rng.standard_normal((5000, 5))
    recovery = recover(ArraySamples(X, teacher.predict(X)), 3, refine=False, rng=0)
    assert recovery.status is Status.MISFIT
    assert "biases" in recovery.reason


def test_many_inputs_and_outputs_cost_only_the_reduction():
    rng = np.random.default_rng(0)
    teacher = make_teacher(80, 4, 60, rng=rng)
    X = symmetric_inputs(4000, 80, rng=rng)
    Y = teacher.predict(X) + 0.05 * rng.standard_normal((4000, 60))
    recovery = recover(ArraySamples(X, Y), init="moments", rng=0)
    assert recovery.status is Status.RECOVERED
    assert recovery.network.n_neurons == 4
    assert recovery.stage("moments").figures["spectrum"].shape == (10,)


def test_neurons_of_a_slope_near_minus_one_may_be_the_other_way_round():
    # σ(t) is nearly |t|: what tells w from −w is a hundredth of it.
    for seed in range(3):
        rng = np.random.default_rng(seed)
        W = rng.standard_normal((3, 6))
        teacher = TwoLayerNetwork(
            rng.standard_normal((2, 3)),
            W / np.linalg.norm(W, axis=1)[:, None],
            negative_slope=-0.99,
        )
        X = rng.standard_normal((3000, 6))
        for noise, status in ((0.1, Status.DEGENERATE), (0.001, Status.RECOVERED)):
            Y = teacher.predict(X) + noise * rng.standard_normal((3000, 2))
            fit = recover(ArraySamples(X, Y), 3, rng=0, negative_slope=-0.99)
            assert fit.status is status


@pytest.mark.parametrize("law", ["one-hot", "signs"])
def test_inputs_of_few_values_with_biases(law):
    # Rows of W may coincide there, and nothing is known of what belongs to which.
    rng = np.random.default_rng(0)
    X = np.eye(6)[rng.integers(6, size=2000)]
    X = rng.choice([-1.0, 1.0], size=(2000, 2)) if law == "signs" else X
    teacher = make_teacher(X.shape[1], 2, 2, rng=1)
    samples = ArraySamples(X, teacher.predict(X) + 0.1 * rng.standard_normal((2000, 2)))
    for seed in range(2):
        fit = recover(samples, 3, rng=seed, fit_hidden_bias=True, fit_intercept=True)
        assert fit.status is not Status.RECOVERED


def test_what_is_no_sample_is_told_what_is():
    X, Y = np.ones((4, 2)), np.ones((4, 1))
    for wrong in (X, (X, Y), None):
        with pytest.raises(TypeError, match=r"takes samples, such as ArraySamples\(X, Y\), got"):
            recover(wrong)
    with pytest.raises(TypeError, match="got ndarray"):
        recover(X, Y)
    with pytest.raises(ValueError, match="init must be"):
        recover(ArraySamples(X, Y), 1, init=X)
    with pytest.raises(ValueError, match="n_neurons must be"):
        recover(ArraySamples(X, Y), Y)


def test_a_checkpoint_in_a_file_is_refused(tmp_path):
    path = tmp_path / "file"
    path.write_text("")
    with pytest.raises(ValueError, match=r"must name a folder, and .*file is a file"):
        recover(ArraySamples(np.eye(4), np.eye(4)), 1, checkpoint=path)


def test_one_group_is_no_test():
    for seed in range(4):
        rng = np.random.default_rng(seed)
        teacher = make_teacher(5, 3, 4, rng=rng)
        X = rng.standard_normal((1000, 5))
        Y = teacher.predict(X) + 0.1 * rng.standard_normal((1000, 4))
        fit = recover(ArraySamples(X, Y, groups=np.zeros(1000, dtype=int)), 3, rng=0)
        assert fit.status is Status.TOO_FEW_SAMPLES
        assert "only about 1 part of the data is independent" in fit.reason
