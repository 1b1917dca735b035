"""The table of cues: what a recipe may name under ``cues``.

A cue has one file, with its parameters and what it is made from. A stage that makes one depends on
the code of that one alone.
"""

from __future__ import annotations

from pipeline.cues.video_aggregation import AGGREGATED_ACTION, AGGREGATED_ACTOR
from pipeline.cues.video_attention import ACTION, ACTOR
from pipeline.cues.video_cue import Cue
from pipeline.cues.video_edges import EDGES
from pipeline.cues.video_flow import FLOW
from pipeline.cues.video_motion import MOTION

CUES: dict[str, Cue] = {
    "actor": ACTOR,
    "action": ACTION,
    "flow": FLOW,
    "aggregated_actor": AGGREGATED_ACTOR,
    "aggregated_action": AGGREGATED_ACTION,
    "motion": MOTION,
    "edges": EDGES,
}
