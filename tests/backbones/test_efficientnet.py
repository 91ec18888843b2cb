"""EfficientNet-Lite0: its convolutions by hand, its published shape, its folder."""

import json

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from plait.backbones import CheckpointError, open_checkpoint
from plait.backbones.efficientnet import EfficientNetLite0, SameConv, fold_norms
from plait.backbones.efficientnet_folder import PREPARATION


@pytest.fixture(scope="module")
def state():
    torch.manual_seed(0)
    network = EfficientNetLite0()
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.running_mean.normal_(0, 0.1)
            module.running_var.uniform_(0.3, 1.0)
    return network.state_dict()


@pytest.fixture
def folder(state, tmp_path):
    head = {"_fc.weight": torch.zeros(1000, 1280), "_fc.bias": torch.zeros(1000)}
    torch.save(state | head, tmp_path / "efficientnet-lite0-57934424.pth")
    return tmp_path


def test_same_padding_by_hand():
    convolution = SameConv(1, 1, 3, 2, bias=False)
    nn.init.ones_(convolution.weight)
    # 4 places, stride 2: one more place below and to the right, none above and to the left.
    found = convolution(torch.ones(1, 1, 4, 4))
    assert found[0, 0].tolist() == [[9.0, 6.0], [6.0, 4.0]]
    assert convolution(torch.ones(1, 1, 5, 5))[0, 0].tolist()[0] == [4.0, 6.0, 4.0]


def test_the_published_network_has_4_7_million_numbers():
    network = EfficientNetLite0()
    num = sum(p.numel() for p in network.parameters()) + 1280 * 1000 + 1000
    # 4,652,008 with the classifier of 1280 x 1000 + 1000 (tensorflow/tpu reports 4.7 M).
    assert num == 4_652_008
    assert network(torch.zeros(1, 3, 64, 64)).shape == (1, 1280, 2, 2)


def test_folding_the_norms_changes_nothing(state):
    network = EfficientNetLite0().eval()
    network.load_state_dict(state)
    x = torch.randn(2, 3, 64, 64)
    with torch.no_grad():
        expected = network(x)
        fold_norms(network)
        torch.testing.assert_close(network(x), expected, atol=1e-4, rtol=1e-4)
    assert not any(isinstance(module, nn.BatchNorm2d) for module in network.modules())


def test_the_packages_folder_is_a_checkpoint(folder, state):
    opened = open_checkpoint(folder, modality="image")
    assert (opened.architecture, opened.dim) == ("efficientnet-lite0", 1280)
    assert opened.preparation == PREPARATION
    raw = np.random.default_rng(0).integers(0, 256, (50, 90, 3)).astype(np.uint8)
    pixels = opened.preparation.prepare(raw)
    np.testing.assert_allclose(
        opened.preparation.values(pixels)[0], (pixels["pixels"][..., 0] - 127.0) / 128, atol=1e-6
    )
    network = EfficientNetLite0().eval()
    network.load_state_dict(state)
    with torch.no_grad():
        expected = network(torch.tensor(opened.preparation.values(pixels))[None])
    batch = {"pixels": torch.from_numpy(pixels["pixels"])[None]}
    for how in ("frozen", "full"):
        tokens = opened.network(how).eval()(batch, {})
        assert tokens.values.shape == (1, 5, 1280)
        torch.testing.assert_close(
            tokens.values[0, 0], expected[0].mean((1, 2)), atol=1e-4, rtol=1e-4
        )


def test_safetensors_and_a_config_do_as_well(folder, state, tmp_path_factory):
    other = tmp_path_factory.mktemp("lite")
    save_file(state, other / "efficientnet-lite0.safetensors")
    (other / "config.json").write_text(json.dumps({"model_type": "efficientnet-lite0"}))
    own = {"size": 64, "do_center_crop": False, "image_mean": [0, 0, 0], "image_std": [1, 1, 1]}
    (other / "preprocessor_config.json").write_text(json.dumps(own))
    opened = open_checkpoint(other, modality="image")
    assert opened.preparation.height_px == 64 and not opened.preparation.crop
    assert opened.key != open_checkpoint(folder, modality="image").key
    tokens = opened.network(num_local=0)({"pixels": torch.zeros(1, 64, 64, 3)}, {})
    assert tokens.values.shape == (1, 1, 1280)


def test_what_is_wrong_is_said(folder, tmp_path_factory):
    with pytest.raises(CheckpointError, match="cannot encode text columns"):
        open_checkpoint(folder, modality="text")
    opened = open_checkpoint(folder, modality="image")
    with pytest.raises(Exception, match="no attention that adapters could be added to"):
        opened.network("lora")
    other = tmp_path_factory.mktemp("lite")
    torch.save({"x": torch.zeros(2)}, other / "efficientnet-lite0.pth")
    with pytest.raises(CheckpointError, match="not those of EfficientNet-Lite0"):
        open_checkpoint(other, modality="image").network()
    (other / "efficientnet-lite0-2.pth").write_bytes(b"")
    with pytest.raises(CheckpointError, match="does not hold one file of weights"):
        open_checkpoint(other, modality="image")
