"""Modules of PyTorch, read and made; torch's own forward is the oracle."""

from copy import deepcopy

import numpy as np
import pytest

from networks import differing, inputs, random_network
from pureneuron import TwoLayerNetwork

pytestmark = pytest.mark.extras

X = inputs()


@pytest.fixture
def torch():
    return pytest.importorskip("torch")


@pytest.fixture
def module_of(torch):
    """Make a module of layers and a forward of one's own: ``forward(module, x)``."""

    class Module(torch.nn.Module):
        def __init__(self, forward, layers):
            super().__init__()
            self.own_forward = forward
            for name, part in layers.items():
                if type(part) is torch.Tensor:
                    self.register_buffer(name, part)
                else:
                    setattr(self, name, part)

        def forward(self, x):
            return self.own_forward(self, x)

    def make(forward, **layers):
        torch.manual_seed(0)
        parts = {"first": torch.nn.Linear(4, 3), "last": torch.nn.Linear(3, 2), **layers}
        return Module(forward, parts)

    return make


def predictions(torch, module, X=X):
    """Return what a module predicts in eval mode, in its own type."""
    dtype = next(module.parameters()).dtype
    with torch.no_grad():
        answers = deepcopy(module).eval()(torch.tensor(X, dtype=dtype))
    return answers.to(torch.float64).numpy()


def check_read(torch, module, rel=1e-5):
    network = TwoLayerNetwork.from_torch(module)
    expected = predictions(torch, module)
    assert network.predict(X) == pytest.approx(expected, rel=rel, abs=rel * abs(expected).max())
    return network


@pytest.mark.parametrize("biases", [(True, True), (False, False), (True, False), (False, True)])
@pytest.mark.parametrize("slope", [0.0, 0.3])
def test_sequences_are_read(torch, biases, slope):
    nn = torch.nn
    torch.manual_seed(1)
    first, last = nn.Linear(4, 3, bias=biases[0]), nn.Linear(3, 2, bias=biases[1])
    network = check_read(torch, nn.Sequential(first, nn.LeakyReLU(slope), last))
    assert np.array_equal(network.W, first.weight.detach().double().numpy())
    assert np.array_equal(network.A, last.weight.detach().double().numpy())
    assert (network.hidden_bias.any(), network.output_bias.any()) == biases
    assert network.negative_slope == slope


@pytest.mark.parametrize(
    ("dtype", "rel"), [("float64", 1e-12), ("float32", 1e-5), ("float16", 1e-2), ("bfloat16", 0.1)]
)
def test_nested_sequences_are_read_as_in_eval_mode(torch, dtype, rel):
    nn = torch.nn
    torch.manual_seed(2)
    hidden = nn.Sequential(nn.Dropout(0.2), nn.Linear(4, 3), nn.Identity(), nn.PReLU())
    module = nn.Sequential(nn.Flatten(), hidden, nn.Dropout(0.5), nn.Linear(3, 2))
    module[3].eval()
    modes = [part.training for part in module.modules()]
    network = check_read(torch, module.to(getattr(torch, dtype)), rel)
    assert network.negative_slope == 0.25
    assert [part.training for part in module.modules()] == modes
    assert all(each.requires_grad and each.grad is None for each in module.parameters())


FORWARDS = {
    "functional": lambda t, f, m, x: m.last(f.relu(m.first(x))),
    "torch.relu": lambda t, f, m, x: m.last(t.relu(m.first(x))),
    "method": lambda t, f, m, x: m.last(m.first(x).relu()),
    "in place": lambda t, f, m, x: m.last(m.first(x).relu_()),
    "leaky": lambda t, f, m, x: m.last(f.leaky_relu(m.first(x), 0.2)),
    "leaky, default": lambda t, f, m, x: m.last(f.leaky_relu(m.first(x))),
    "F.linear": lambda t, f, m, x: f.linear(f.relu(f.linear(x, m.W, m.b)), m.A),
    "products": lambda t, f, m, x: t.relu(x @ m.W.T + m.b) @ m.A.t() / 3**0.5,
    "matmul": lambda t, f, m, x: 2.0 * t.matmul(t.relu(t.matmul(x, m.W.T)), m.A.T).sub(m.c),
    "dropout": lambda t, f, m, x: m.last(f.dropout(f.relu(m.first(x)), training=m.training)),
    "in training": lambda t, f, m, x: m.last(f.relu(m.first(x + t.rand(4) if m.training else x))),
    "view": lambda t, f, m, x: m.last(f.relu(m.first(x.view(-1, 4)))),
    "view of rows": lambda t, f, m, x: m.last(f.relu(m.first(x.view(x.size(0), -1)))),
    "reshape": lambda t, f, m, x: m.last(f.relu(m.first(t.reshape(x, (x.shape[0], 4))))),
    "flatten": lambda t, f, m, x: m.last(f.relu(m.first(t.flatten(x, 1).flatten(start_dim=1)))),
    "standardised": lambda t, f, m, x: m.last(f.relu(m.first((x - m.shift) / m.scale))),
    "unused": lambda t, f, m, x: (t.tanh(x), m.last(f.relu(m.first(x))))[1],
}


@pytest.mark.parametrize("name", FORWARDS)
def test_forwards_of_ones_own_are_read(torch, module_of, name):
    own = FORWARDS[name]
    rng = torch.Generator().manual_seed(3)
    tensors = {
        each: torch.nn.Parameter(torch.randn(*shape, generator=rng))
        for each, shape in {"W": (3, 4), "b": (3,), "A": (2, 3), "c": (2,)}.items()
    }
    module = module_of(
        lambda m, x: own(torch, torch.nn.functional, m, x),
        **tensors,
        shift=torch.arange(4.0),
        scale=torch.arange(1.0, 5.0),
    )
    check_read(torch, module)


SKIPS = {
    "after": lambda m, x: m.last(m.first(x).relu()) + m.skip(x),
    "before": lambda m, x: m.skip(x) + m.last(m.first(x).relu()),
    "weighted": lambda m, x: m.skip(x).add(m.last(m.first(x).relu()), alpha=-2.0),
}


@pytest.mark.parametrize("name", SKIPS)
def test_skip_connections_are_the_linear_part(torch, module_of, name):
    module = module_of(SKIPS[name], skip=torch.nn.Linear(4, 2))
    network = check_read(torch, module)
    assert np.array_equal(network.linear, module.skip.weight.detach().double().numpy())


def test_parametrized_layers_are_read_as_they_act(torch):
    nn = torch.nn
    torch.manual_seed(4)
    first = nn.utils.parametrizations.weight_norm(nn.Linear(4, 3))
    check_read(torch, nn.Sequential(first, nn.ReLU(), nn.Linear(3, 2)))


REFUSED_LAYERS = {
    "tanh": (
        lambda nn: [nn.Linear(4, 3), nn.Tanh(), nn.Linear(3, 2)],
        r"layer '1' \(Tanh\): Tanh is no part",
    ),
    "sigmoid": (
        lambda nn: [nn.Linear(4, 3), nn.Sigmoid(), nn.Linear(3, 2)],
        r"layer '1' \(Sigmoid\): Sigmoid is no part",
    ),
    "linear": (lambda nn: [nn.Linear(4, 2)], "no ReLU"),
    "inputs": (lambda nn: [nn.ReLU(), nn.Linear(4, 2)], r"layer '0' \(ReLU\): .*the inputs"),
    "deep": (
        lambda nn: [nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 2), nn.ReLU(), nn.Linear(2, 2)],
        r"layer '3' \(ReLU\): it is a second rectifier",
    ),
    "sizes": (
        lambda nn: [nn.Linear(4, 3), nn.ReLU(), nn.Sequential(nn.Linear(4, 2))],
        r"layer '2\.0' \(Linear\): it takes 4 values and gets 3",
    ),
    "rows": (lambda nn: [nn.Flatten(0), nn.Linear(4, 3)], r"layer '0' \(Flatten\): .*rows apart"),
    "lazy": (lambda nn: [nn.LazyLinear(3), nn.ReLU(), nn.Linear(3, 2)], "has no weights yet"),
    "meta": (lambda nn: [nn.Linear(4, 3, device="meta"), nn.ReLU()], r"layer '0' \(Linear\)"),
}


@pytest.mark.parametrize("name", REFUSED_LAYERS)
def test_other_sequences_are_refused_by_layer(torch, name):
    layers, message = REFUSED_LAYERS[name]
    with pytest.raises(ValueError, match=f"Sequential is no two-layer network: .*{message}"):
        TwoLayerNetwork.from_torch(torch.nn.Sequential(*layers(torch.nn)))


def test_units_of_different_slopes_are_refused(torch):
    nn = torch.nn
    module = nn.Sequential(nn.Linear(4, 2), nn.PReLU(2), nn.Linear(2, 2))
    check_read(torch, module)
    with torch.no_grad():
        module[1].weight[0] = 0.3
    with pytest.raises(ValueError, match=r"layer '1' \(PReLU\): .*different slopes"):
        TwoLayerNetwork.from_torch(module)


def test_an_ending_is_to_be_taken_off(torch):
    nn = torch.nn
    layers = [nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 2)]
    for last in (nn.Softmax(dim=1), nn.LogSoftmax(dim=1), nn.Sigmoid()):
        with pytest.raises(ValueError, match=r"layer '3' \(.*\): take it off"):
            TwoLayerNetwork.from_torch(nn.Sequential(*layers, last))


REFUSED = {
    "tanh": (lambda t, m, x: m.last(t.tanh(m.first(x))), "node 'tanh'"),
    "softmax": (lambda t, m, x: m.last(m.first(x).relu()).softmax(1), "'softmax': take it off"),
    "cat": (lambda t, m, x: m.last(t.cat([m.first(x), x], 1).relu()), "node 'cat'"),
    "pair": (lambda t, m, x: (m.last(m.first(x).relu()), x), "node 'output': it has a tuple"),
    "product": (lambda t, m, x: m.last(m.first(x).relu()) * m.skip(x), "node 'mul'"),
    "branch": (lambda t, m, x: x if x.sum() > 0 else -x, "forward cannot be traced"),
    "constant": (lambda t, m, x: t.zeros(2), "node 'output': the outputs do not depend"),
    "column": (lambda t, m, x: m.last(m.first(x).relu())[:, 0], "node 'getitem'"),
    "rows": (lambda t, m, x: m.last(m.first(x.view(2, -1)).relu()), "node 'view'"),
    "fixed rows": (lambda t, m, x: m.last(m.first(x.view(16, 4)).relu()), "node 'view': its shape"),
    "halves": (lambda t, m, x: m.last(m.first(x).view(-1, 1).relu()), "makes 1 columns of 3"),
    "always": (
        lambda t, m, x: m.last(t.nn.functional.dropout(m.first(x).relu())),
        "node 'dropout': it is on in eval mode",
    ),
    "left": (lambda t, m, x: m.last(m.first.weight @ x), "node 'matmul': it has a constant"),
    # What the graph does not show.
    "noise": (lambda t, m, x: m.last(m.first(x).relu()) + t.randn(2), "predicts something else"),
    "aside": (
        lambda t, m, x: (h := m.first(x), h.relu_(), m.skip(x) + m.last(m.first(x).relu() + h))[2],
        "predicts something else",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_other_forwards_are_refused_by_node(torch, module_of, name):
    own, message = REFUSED[name]
    module = module_of(lambda m, x: own(torch, m, x), skip=torch.nn.Linear(4, 2))
    with pytest.raises(ValueError, match=message):
        TwoLayerNetwork.from_torch(module)
    assert module.training


def test_hooks_are_noticed(torch, module_of):
    module = module_of(lambda m, x: m.last(m.first(x).relu()))
    module.first.register_forward_hook(lambda layer, args, output: 2.0 * output)
    with pytest.raises(ValueError, match="predicts something else than its layers"):
        TwoLayerNetwork.from_torch(module)

    def refuse(layer, args):
        raise RuntimeError("images are expected")

    module.register_forward_pre_hook(refuse)
    with pytest.raises(ValueError, match="cannot be run on a matrix: images are expected"):
        TwoLayerNetwork.from_torch(module)


def test_what_is_no_module_or_has_several_inputs_is_refused(torch):
    class Two(torch.nn.Module):
        def forward(self, x, z):
            return x + z

    with pytest.raises(ValueError, match=r"takes 2 inputs \(x, z\)"):
        TwoLayerNetwork.from_torch(Two())
    with pytest.raises(TypeError, match="module is a dict"):
        TwoLayerNetwork.from_torch({"W": 1.0})


@pytest.mark.parametrize("slope", [0.0, 0.1, -0.3])
@pytest.mark.parametrize("linear", [False, True])
def test_networks_become_modules(torch, slope, linear):
    network = random_network(5, slope=slope, linear=linear)
    state = torch.random.get_rng_state()
    module = network.to_torch()
    assert torch.equal(torch.random.get_rng_state(), state)
    assert predictions(torch, module) == pytest.approx(network.predict(X), rel=1e-12)
    assert not differing(TwoLayerNetwork.from_torch(module), network)
    if not linear:
        kinds = [type(layer).__name__ for layer in module]
        assert kinds == ["Linear", "LeakyReLU" if slope else "ReLU", "Linear"]
    # It can be trained, and does not share its weights with the network.
    module(torch.tensor(X)).square().sum().backward()
    torch.optim.SGD(module.parameters(), 0.1).step()
    assert not differing(network, random_network(5, slope=slope, linear=linear))


def test_modules_come_in_the_type_that_is_asked_for(torch):
    network = random_network(6, linear=True)
    for dtype in ("float32", torch.float32, "torch.float16", torch.bfloat16):
        module = network.to_torch(dtype=dtype)
        name = str(dtype).removeprefix("torch.")
        assert {str(each.dtype) for each in module.parameters()} == {f"torch.{name}"}
    assert predictions(torch, network.to_torch(dtype="float32")) == pytest.approx(
        network.predict(X), rel=1e-4, abs=1e-5
    )
    with pytest.raises(ValueError, match=r"dtype must be one of float16, .*got 'int64'"):
        network.to_torch(dtype="int64")
    large = TwoLayerNetwork(A=[[1e39]], W=[[1.0]])
    with pytest.raises(ValueError, match="too large for float32"):
        large.to_torch(dtype="float32")
    assert TwoLayerNetwork.from_torch(large.to_torch()).A[0, 0] == 1e39
