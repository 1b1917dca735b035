from __future__ import annotations

import pytest
import torch
from torch.nn import functional as F

from pipeline.networks.classifiers import build_classifier
from pipeline.networks.segmenters import SegmenterParams, build_segmenter, transfer_action
from pipeline.networks.two_stream import TwoStream
from pipeline.runtime.errors import InputError
from pipeline.runtime.params import parse_params

MOTION = {"network": "small_3d", "clip": {"frames": 4}}
VALUES = {"backbone": "small_resnet", "output_stride": 4, "rates": [1, 2]}


def network(seed: int = 0, **changes: object) -> TwoStream:
    own = {"width": 8, "motion": MOTION, **changes}
    params = parse_params(SegmenterParams, {**VALUES, "two_stream": own}, "network")
    torch.manual_seed(seed)
    model = build_segmenter(params, 5)
    assert isinstance(model, TwoStream)
    return model


def inputs(model: TwoStream) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(2)
    images = torch.randint(0, 256, (2, 3, 16, 24), generator=generator).float()
    clips = torch.randint(0, 256, (2, 3, 4, 16, 16), generator=generator).float()
    return model.normalise(images), model.encode_clips(clips)


def test_shapes() -> None:
    model = network().eval()
    images, vectors = inputs(model)
    assert vectors.shape == (2, 96)
    logits, embeddings = model(images, vectors)
    assert logits.shape == (2, 5, 16, 24)
    assert embeddings is not None and embeddings.shape == (2, 8, 4, 6)
    torch.testing.assert_close(embeddings.norm(dim=1), torch.ones(2, 4, 6))
    assert model.coarse_logits(images, vectors).shape == (2, 5, 4, 6)


def test_the_motion_cue_is_added_at_every_position() -> None:
    model = network().eval()
    images, vectors = inputs(model)
    assert model.motion is not None
    seen = model.aspp(model.backbone(images))
    first, second = model.motion[0], model.motion[2]
    # the two-layer perceptron worked out apart
    hidden = (vectors @ first.weight.T + first.bias).clamp(min=0)
    cue = hidden @ second.weight.T + second.bias
    for y, x in ((0, 0), (3, 5), (1, 2)):
        torch.testing.assert_close(
            model.features(images, vectors)[:, :, y, x], seen[:, :, y, x] + cue
        )


def test_a_clip_vector_is_the_mean_of_the_frozen_networks_map() -> None:
    model = network()
    clips = torch.randint(0, 256, (2, 3, 4, 16, 16)).float()
    assert model.action is not None
    found = model.encode_clips(clips)
    maps = model.action.features(model.action.normalise(clips))
    torch.testing.assert_close(found, maps.mean((2, 3, 4)))
    assert not found.requires_grad


def test_the_action_network_stays_as_it_is() -> None:
    model = network().train()
    assert model.training and model.backbone.training
    assert model.action is not None and not model.action.training
    before = {k: v.clone() for k, v in model.state_dict().items()}
    learned = [p for p in model.parameters() if p.requires_grad]
    optimiser = torch.optim.SGD(learned, lr=0.1, weight_decay=0.1)
    images, vectors = inputs(model)
    logits, embeddings = model(images, vectors)
    assert embeddings is not None
    (logits.square().mean() + embeddings.sum()).backward()
    optimiser.step()
    for key, value in model.state_dict().items():
        if key.startswith("action."):
            assert torch.equal(value, before[key]), key
    for part in ("backbone.", "aspp.", "motion.0", "motion.2", "head.0", "head.2"):
        moved = [k for k, v in model.state_dict().items() if not torch.equal(v, before[k])]
        assert any(k.startswith(part) for k in moved), part


@pytest.mark.parametrize("detach", [False, True])
def test_the_head_changes_the_features_or_not(detach: bool) -> None:
    model = network(detach=detach)
    images, vectors = inputs(model)
    model(images, vectors).logits.square().sum().backward()
    reached = {n.split(".")[0] for n, p in model.named_parameters() if p.grad is not None}
    assert reached == ({"head"} if detach else {"head", "aspp", "backbone", "motion"})


def test_without_a_motion_stream() -> None:
    model = network(motion=None).eval()
    assert model.action is None and model.motion is None and model.clip_input is None
    images = model.normalise(torch.rand(1, 3, 16, 24) * 255)
    logits, embeddings = model(images)
    features = model.aspp(model.backbone(images))
    assert embeddings is not None
    torch.testing.assert_close(embeddings, F.normalize(features, dim=1))
    coarse = model.head(features)
    full = F.interpolate(coarse, size=(16, 24), mode="bilinear", align_corners=False)
    torch.testing.assert_close(logits, full)
    with pytest.raises(ValueError, match="expected a segmenter with a motion stream"):
        model.encode_clips(torch.zeros(1, 3, 4, 16, 16))


def test_clips_are_asked_for() -> None:
    model = network()
    assert model.clip_input is not None and model.clip_input.clip.frames == 4
    with pytest.raises(ValueError, match="expected clip vectors for the motion stream"):
        model(torch.zeros(1, 3, 16, 24))


def test_it_takes_over_an_action_classifier_but_for_its_classes() -> None:
    torch.manual_seed(9)
    model, classifier = network(), build_classifier("small_3d", 7)
    count = transfer_action(model, classifier.state_dict())
    assert model.action is not None
    own = model.action.state_dict()
    names = [k for k in own if not k.startswith("fc.")]
    assert count == len(names) > 20
    assert all(torch.equal(own[k], classifier.state_dict()[k]) for k in names)
    assert own["fc.weight"].shape == (1, 96)


def test_another_network_is_one_line() -> None:
    state = build_classifier("small_resnet", 3).state_dict()
    with pytest.raises(InputError, match="do not fit the segmenter's motion stream: ") as error:
        transfer_action(network(), state)
    assert "\n" not in str(error.value)
