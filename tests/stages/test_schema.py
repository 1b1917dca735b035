from __future__ import annotations

import copy
from typing import Any

import pytest

from conf.compose import composed
from pipeline.runtime.errors import InputError
from stages.schema import OPTIONAL, OTHER, SECTIONS, check_all

NOTHING = ["README.md", "README.md", "README.md"]
# of each cue that the recipe below does not have: what it is made from, and parameters that fit
ADDED: dict[str, dict[str, Any]] = {
    "flow": {"model": "README.md", "reads": NOTHING},
    "motion": {"model": "README.md", "reads": ["cues/flow/index.parquet", *NOTHING[1:]]},
    "edges": {"model": "README.md", "reads": NOTHING},
    "aggregated_actor": {
        "model": "README.md",
        "reads": ["cues/actor/index.parquet", "cues/flow/index.parquet", "README.md"],
        "frames": 3,
    },
}
ALL_PAIRS = {"pairs": "frames", "backward": True}


@pytest.fixture(scope="module")
def whole() -> dict[str, Any]:
    """A recipe without flow: what needs some says so."""
    return composed(["recipe=ws2"])


@pytest.fixture
def values(whole: dict[str, Any]) -> dict[str, Any]:
    return copy.deepcopy(whole)


def put(values: dict[str, Any], name: str, value: object) -> None:
    *groups, last = name.split(".")
    for group in groups:
        values = values.setdefault(group, {})
    values[last] = value


def add(values: dict[str, Any], cue: str, **own: object) -> None:
    values["cues"][cue] = {**copy.deepcopy(ADDED[cue]), **own}


def test_the_demo_is_right(values: dict[str, Any]) -> None:
    check_all(composed([]))
    before = copy.deepcopy(values)
    check_all(values)
    assert values == before


@pytest.mark.parametrize(
    "name, value, message",
    [
        (
            "prepare_frames.setp",
            2,
            "unknown parameter prepare_frames.setp; allowed here: annotated_keys, codec,",
        ),
        ("dataset.layuot", "a2d", "unknown parameter dataset.layuot; allowed here: actions, "),
        ("prediction.refine.alhpa", 1, "unknown parameter prediction.refine.alhpa; allowed here:"),
        ("cues.actr", {}, "unknown cue actr; known: action, actor, aggregated_action, "),
        ("cues.actor.methud", 1, "unknown parameter cues.actor.methud; allowed here: above, flip"),
        ("cues.actor.method", "mean", "parameter cues.actor.method = 'mean': input should be 'ca"),
        (
            "select_pa.rule",
            "full",
            "unknown parameter select_pa.rule; allowed here: discriminator, refine, selection",
        ),
        ("select_pa.refine.alpha", 2, "parameter select_pa.refine.alpha = 2: input should be "),
        (
            "finetune_classifier.actr",
            {},
            "unknown parameter finetune_classifier.actr; allowed here: action, actor",
        ),
        ("train_segmentor", {}, "unknown section train_segmentor in params.yaml; known: "),
        ("finetune_classifier.action.fit.steps", "ten", "finetune_classifier.action.fit.steps = "),
        (
            "train_segmenter.augment.crop",
            [80],
            "parameter train_segmenter.augment.crop.1 is missin",
        ),
        (
            "compute_superpixels.segments",
            200,
            "unknown parameter compute_superpixels.segments; allowed here: felzenszwalb, method, s",
        ),
        (
            "compute_superpixels.slic.segments",
            0,
            "parameter compute_superpixels.slic.segments = 0: input",
        ),
        (
            "compute_superpixels.method",
            "seeds",
            "parameter compute_superpixels.method = 'seeds': use one of slic, felzenszwalb",
        ),
        (
            "prediction.criterion",
            "ric",
            "unknown parameter prediction.criterion; allowed here: action_prior, alignment, area_a",
        ),
        (
            "predict_pa.criterion",
            "loss",
            "parameter predict_pa.criterion = 'loss': input should be",
        ),
        (
            "predict_pa.corrections",
            ["area_anchor"],
            "area_anchor belongs to prediction.corrections, where RIC sees it",
        ),
        (
            "predict_pa.corrections",
            ["crf"],
            "unknown correction crf; known: action_prior, area_anch",
        ),
        (
            "prediction.action_prior.weight",
            -1,
            "parameter prediction.action_prior.weight = -1: input should be greater than or equal",
        ),
        ("select_pa.selection.fraction", 1.5, "parameter select_pa.selection.fraction = 1.5: "),
        ("machine.accelerator", "tpu", "parameter machine.accelerator = 'tpu': input should be 'c"),
        ("make_initial_pa.cues", "both", "parameter make_initial_pa.cues = 'both': input should"),
        ("finetune_classifier.actor.network", "i4d", "finetune_classifier.actor.network = 'i4d': "),
        (
            "dataset.layout",
            "kinetics",
            "parameter dataset.layout = 'kinetics': use one of a2d, davis, folder, voc, youtube_o",
        ),
        ("dataset", "a2d", "section dataset of params.yaml must hold parameters, got 'a2d'"),
        ("dataset.images", "voc", "parameter dataset.images = 'voc': use null, or a layout and a"),
        (
            "inputs.images",
            "elsewhere",
            "inputs.images = 'elsewhere' is not dataset.images.root; run",
        ),
        *(
            (name, None, f"parameter {name} = None: it must name something; run python -m conf.c")
            for name in (
                *("inputs.images", "inputs.actor", "inputs.start", "inputs.motion_stream"),
                *("inputs.classifiers", "inputs.corloc", "versions.v0.init", "transitions.v1.from"),
            )
        ),
        (
            "inputs.actor",
            "segmenter/v0",
            "parameter inputs.actor = segmenter/v0: use classifier/<branch> or README.md",
        ),
        ("inputs.corloc", "there", "parameter inputs.corloc = there: use corloc or README.md"),
        *(
            (name, "x", f"section {name} of params.yaml must hold parameters, got 'x'")
            for name in ("versions.v0", "transitions.v1", "stages.make_demo", "two_stream")
        ),
        *(
            (name, None, f"section {name} of params.yaml must hold parameters, got None")
            for name in ("recipe", "inputs", "stages", "classifiers", "cues", "cues.actor")
        ),
        ("versions", None, "section versions of params.yaml must hold parameters, got None"),
        (
            "transitions",
            ["v1"],
            "section transitions of params.yaml must hold parameters, got ['v1",
        ),
        (
            "cues.action",
            "cam",
            "section cues.action of params.yaml must hold parameters, got 'cam'",
        ),
        ("classifiers.actr", {}, "unknown classifier actr; known: action, actor"),
        (
            "dataset.actions",
            False,  # whose tags then name no action, which has a classifier
            "parameter dataset.actions = False: set tags=actor_action or tags=objects instead",
        ),
        (
            "has_actions",
            False,
            "parameter dataset.actions = True: set tags=actor_action or tags=objects instead",
        ),
        ("seed", -1, "parameter seed = -1: use a whole number from 0"),
        ("seed", True, "parameter seed = True: use a whole number from 0"),
        ("seed", "x", "parameter seed = 'x': use a whole number from 0"),
        ("report", None, "section report of params.yaml must hold parameters, got None"),
        (
            "finetune_classifier.actor",
            "vgg16",
            "section finetune_classifier.actor of params.yaml must hold parameters, got 'vgg16'",
        ),
        ("make_demo", None, "section make_demo of params.yaml must hold parameters, got None"),
    ],
)
def test_one_wrong_parameter_is_one_line(
    values: dict[str, Any], name: str, value: object, message: str
) -> None:
    put(values, name, value)
    with pytest.raises(InputError) as error:
        check_all(values)
    assert message in str(error.value)
    assert "\n" not in str(error.value)


def test_nothing_but_sections_of_stages_is_left_unchecked() -> None:
    assert {*OTHER} == {
        *("seed", "recipe", "dataset", "has_actions", "two_stream", "inputs", "stages"),
        *("classifiers", "cues", "versions", "transitions"),
    }


@pytest.mark.parametrize("name", OTHER)
def test_a_missing_section(values: dict[str, Any], name: str) -> None:
    del values[name]
    with pytest.raises(InputError, match=f"no section {name}; run python -m conf.compose"):
        check_all(values)


@pytest.mark.parametrize("name", list(SECTIONS))
def test_a_section_that_every_recipe_has_is_not_left_out(values: dict[str, Any], name: str) -> None:
    *groups, last = name.split(".")
    of = values
    for group in groups:
        of = of[group]
    del of[last]
    with pytest.raises(InputError, match=f"section {name} of params.yaml must hold parameters"):
        check_all(values)


@pytest.mark.parametrize("name", [*SECTIONS, *OPTIONAL])
def test_every_section_is_looked_at(values: dict[str, Any], name: str) -> None:
    values["stages"]["colocalise"] = {"v0": {}}
    values["colocalise"] = {"alpha": 1.0}
    check_all(values)
    put(values, f"{name}.no_such_parameter", 1)
    with pytest.raises(InputError, match=rf"unknown parameter {name}\.no_such_parameter;"):
        check_all(values)


def test_the_still_images_are_what_dvc_depends_on(values: dict[str, Any]) -> None:
    put(values, "dataset.images", {"layout": "voc", "root": "/data/voc"})
    with pytest.raises(InputError, match=r"inputs\.images = 'data/README\.md' is not dataset\.ima"):
        check_all(values)
    put(values, "inputs.images", "/data/voc")
    check_all(values)


@pytest.mark.parametrize("name", list(OPTIONAL))
@pytest.mark.parametrize("content", [{"no_such_parameter": 1}, {"seed": "???"}, None])
def test_a_section_without_its_stage_is_not_looked_at(name: str, content: object) -> None:
    """The files of conf/ hold what a recipe may ask for, and not every one does."""
    values = composed(["recipe=mcnn", "dataset=davis", "dataset.root=/data"])
    values["stages"]["colocalise"] = {}
    put(values, name, content)
    check_all(values)


@pytest.mark.parametrize(
    "name",
    [
        *("dataset.root", "prepare_frames.step", "finetune_classifier.action.fit.lr"),
        *("cues.actor.layer", "make_demo.seed", "select_pa.selection.rule", "train_segmenter.ric"),
    ],
)
def test_a_value_that_is_left_open_is_named_with_what_to_add(
    values: dict[str, Any], name: str
) -> None:
    put(values, name, "???")
    with pytest.raises(InputError) as error:
        check_all(values)
    message = f"parameter {name} has no value; add {name}=<value> to the command"
    assert str(error.value) == message


def test_what_is_left_open_in_a_section_that_is_not_used_stays_open(
    values: dict[str, Any],
) -> None:
    put(values, "finetune_classifier.action.weights", {"source": "file", "path": "???"})
    name = "finetune_classifier.action.weights.path"
    with pytest.raises(InputError, match=f"parameter {name} has no value; add {name}=<value>"):
        check_all(values)
    del values["classifiers"]["action"], values["cues"]["action"]
    check_all(values)


def test_a_cue_needs_those_that_it_is_made_from(values: dict[str, Any]) -> None:
    for cue in ("motion", "aggregated_actor"):
        add(values, cue, **({"label_filter": None} if cue == "aggregated_actor" else {}))
        with pytest.raises(InputError) as error:
            check_all(values)
        assert str(error.value) == (
            f"the cue {cue} needs the cue flow, and recipe ws2 names only "
            f"{', '.join(sorted(['action', 'actor', cue]))}; add it to the recipe's cues"
        )
        add(values, "flow", **ALL_PAIRS)
        check_all(values)
        del values["cues"][cue], values["cues"]["flow"]
    add(values, "flow", **ALL_PAIRS)
    add(values, "aggregated_actor")
    del values["cues"]["actor"]
    with pytest.raises(InputError, match="the cue aggregated_actor needs the cue actor, and"):
        check_all(values)


@pytest.mark.parametrize("branch", ["actor", "action"])
def test_a_cue_of_a_classifier_needs_it(values: dict[str, Any], branch: str) -> None:
    del values["classifiers"][branch]
    put(values, "select_pa.selection.rule", "full")
    put(values, "versions.v0.init", "README.md")
    for name, model in values["inputs"].items():
        if model == f"classifier/{branch}":
            values["inputs"][name] = "README.md"
    with pytest.raises(InputError, match=f"^the cue {branch} needs the {branch} classifier$"):
        check_all(values)


@pytest.mark.parametrize("name", ["actor", "start", "motion_stream"])
def test_a_classifier_that_stages_read_is_trained(values: dict[str, Any], name: str) -> None:
    values["cues"] = {"flow": {**ADDED["flow"], **ALL_PAIRS}}
    add(values, "motion")
    put(values, "make_initial_pa.method", "motion_segments")
    put(values, "select_pa.selection.rule", "full")
    values["inputs"] |= {"actor": "README.md", "start": "README.md"}
    put(values, "versions.v0.init", "README.md")
    for branch in ("actor", "action"):
        values["inputs"][name] = f"classifier/{branch}"
        check_all(values)
        content = values["classifiers"].pop(branch)
        with pytest.raises(InputError) as error:
            check_all(values)
        assert str(error.value) == (
            f"parameter inputs.{name} = 'classifier/{branch}': recipe ws2 trains no {branch} "
            "classifier here"
        )
        values["classifiers"][branch] = content
    values["inputs"][name] = "README.md"
    values["classifiers"] = {}
    check_all(values)


@pytest.mark.parametrize(
    "cue, wiring",
    [
        ("actor", {"model": "README.md"}),
        ("actor", {"model": None}),
        ("action", {"model": "classifier/actor"}),
        ("actor", {"reads": None}),
        ("actor", {"reads": ["README.md"]}),  # dvc.yaml asks for three
        ("actor", {"reads": [*NOTHING, "README.md"]}),
        ("actor", {"reads": [None, None, None]}),
        ("actor", {"reads": [None, *NOTHING[1:]]}),
        ("actor", {"reads": "README.md"}),
        ("actor", {"reads": ["cues/flow/index.parquet", *NOTHING[1:]]}),
        ("flow", {"model": "classifier/actor"}),
        ("flow", {"reads": ["cues/motion/index.parquet", *NOTHING[1:]]}),
        ("motion", {"reads": NOTHING}),
        ("motion", {"reads": ["cues/actor/index.parquet", *NOTHING[1:]]}),
        ("motion", {"model": "classifier/actor"}),
        ("motion", {"reads": ["cues/flow/index.parquet"] * 3}),
    ],
)
def test_what_dvc_depends_on_is_what_a_cue_is_made_from(
    values: dict[str, Any], cue: str, wiring: dict[str, object]
) -> None:
    add(values, "flow", **ALL_PAIRS)
    add(values, "motion")
    check_all(values)
    values["cues"][cue] |= wiring
    with pytest.raises(InputError, match=rf"^cues\.{cue}: model must be .* made from; got"):
        check_all(values)


def test_the_wiring_of_a_cue_is_named_with_what_it_must_be(values: dict[str, Any]) -> None:
    add(values, "flow", **ALL_PAIRS)
    add(values, "motion", model=None)
    with pytest.raises(InputError) as error:
        check_all(values)
    right = "['cues/flow/index.parquet', 'README.md', 'README.md']"
    assert str(error.value) == (
        f"cues.motion: model must be README.md and reads {right}, which this cue is made from; "
        f"got None and {right}; see conf/cue"
    )
    add(values, "motion", reads=["README.md", "cues/flow/index.parquet", "README.md"])
    check_all(values)  # dvc.yaml names each of them, in any order


def test_a_cue_without_its_wiring(values: dict[str, Any]) -> None:
    """As of someone who adds a cue by hand: conf/cue has the whole of it."""
    for cue in ("motion", "actor"):
        add(values, "flow", **ALL_PAIRS)
        values["cues"][cue] = {}
        with pytest.raises(InputError, match=rf"^cues\.{cue}: model .*; see conf/cue$"):
            check_all(values)
        del values["cues"][cue]


def test_an_aggregation_needs_flow_back(values: dict[str, Any]) -> None:
    add(values, "aggregated_actor", label_filter=None)
    add(values, "flow", backward=False)
    with pytest.raises(InputError, match=r"to the one before: set cues\.flow\.backward=true$"):
        check_all(values)
    values["cues"]["aggregated_actor"]["frames"] = 1
    check_all(values)
    values["cues"]["aggregated_actor"]["frames"] = 3
    add(values, "flow", backward=True)
    check_all(values)


@pytest.mark.parametrize("flow", [{"backward": False}, {"pairs": "key_frames", "backward": True}])
def test_motion_segments_need_flow_between_all_frames_both_ways(
    values: dict[str, Any], flow: dict[str, object]
) -> None:
    add(values, "motion")
    add(values, "flow", **flow)
    with pytest.raises(InputError, match=r"set cues\.flow\.pairs=frames and cues\.flow\.backward="):
        check_all(values)
    add(values, "flow", **ALL_PAIRS)
    check_all(values)


@pytest.mark.parametrize(
    "name, value, who",
    [
        ("make_initial_pa.method", "motion_segments", "the method motion_segments of make_in"),
        ("select_pa.selection.rule", "motion", "the rule motion of select_pa.selection"),
        ("select_pa.selection.rule", "motion_overlap", "the rule motion_overlap of select_pa.sel"),
        (
            "train_segmenter.objective",
            {"name": "latent_labels"},
            "the objective latent_labels of train_segmenter",
        ),
        *(
            (f"{n}.corrections", ["latent_labels"], f"the correction latent_labels of {n} needs")
            for n in ("prediction", "predict_pa")
        ),
    ],
)
def test_parts_that_read_motion_segments_need_them(
    values: dict[str, Any], name: str, value: object, who: str
) -> None:
    put(values, name, value)
    with pytest.raises(InputError) as error:
        check_all(values)
    assert str(error.value).startswith(who)
    assert str(error.value).endswith(
        " needs the cue motion, and recipe ws2 names only action, actor; add it to the recipe's "
        "cues"
    )
    add(values, "flow", **ALL_PAIRS)
    add(values, "motion")
    check_all(values)


@pytest.mark.parametrize("score", ["flow_agreement", "motion_agreement"])
def test_agreement_with_flow_needs_flow(values: dict[str, Any], score: str) -> None:
    values["select_pa"]["selection"]["scores"] = ["rii", score]
    with pytest.raises(
        InputError, match=f"^the score {score} of select_pa.selection needs the cue"
    ):
        check_all(values)
    add(values, "flow", pairs="key_frames")
    check_all(values)


def test_the_edge_relation_needs_edges(values: dict[str, Any]) -> None:
    put(values, "train_segmenter.objective", {"name": "relations"})
    with pytest.raises(InputError, match=r"^the edge relation .* of train_segmenter needs the cue"):
        check_all(values)
    weight = {"cam": 0.3, "edge": 0.0, "tag": 0.1}
    without = {"name": "relations", "contrastive": {"relations": {"weight": weight}}}
    put(values, "train_segmenter.objective", without)
    check_all(values)
    put(values, "train_segmenter.objective", {"name": "relations"})
    add(values, "edges")
    check_all(values)


@pytest.mark.parametrize("method", ["superpixels", "saliency"])
def test_a_first_version_from_maps_needs_them(values: dict[str, Any], method: str) -> None:
    put(values, "make_initial_pa.method", method)
    check_all(values)
    del values["cues"]["actor"]
    with pytest.raises(InputError, match=f"^the method {method} of make_initial_pa needs the cue"):
        check_all(values)
    put(values, "make_initial_pa.method", "motion_segments")  # looks at no map
    add(values, "flow", **ALL_PAIRS)
    add(values, "motion")
    check_all(values)


def test_a_recipe_of_no_cue_at_all(values: dict[str, Any]) -> None:
    values["cues"] = {}
    with pytest.raises(InputError, match="and recipe ws2 names only none; add it to the recipe's"):
        check_all(values)


def test_a_recipe_that_learns_from_still_images_needs_them(values: dict[str, Any]) -> None:
    check_all(values)
    put(values, "train_segmenter.still_images", {"share": 0.5})
    with pytest.raises(InputError) as error:
        check_all(values)
    assert str(error.value) == (
        "recipe ws2 learns from still images beside the videos (train_segmenter.still_images), and "
        "the data set has none: set dataset.images, or take dataset=demo_objects"
    )
    beside = copy.deepcopy(values)
    put(beside, "dataset.images", {"layout": "voc", "root": "/data/voc"})
    put(beside, "inputs.images", "/data/voc")
    check_all(beside)
    put(values, "train_segmenter.still_images", None)
    check_all(values)


def test_a_data_set_of_still_images_has_some() -> None:
    values = composed(["recipe=ws2", "dataset=voc", "dataset.root=/data"])
    put(values, "train_segmenter.still_images", {})
    check_all(values)
