from __future__ import annotations

from types import SimpleNamespace

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("accelerate")

from realtime_fer.training.emotion_gcn.trainer import with_shared_norms  # noqa: E402
from tests.networks.emotion_gcn.tiny import trained_looking  # noqa: E402

pytestmark = pytest.mark.torch


@pytest.mark.parametrize(("processes", "device", "shared"), [(2, "cuda", True), (1, "cuda", False), (2, "cpu", False)])
def test_norms_see_the_batches_of_all_gpus_where_there_are_several(processes: int, device: str, shared: bool) -> None:
    network = trained_looking("densenet121", "multi-task")
    before = dict(network.state_dict())
    where = SimpleNamespace(num_processes=processes, device=torch.device(device))
    found = with_shared_norms(network, where)
    norms = [module for module in found.modules() if "BatchNorm" in type(module).__name__]
    assert norms
    assert all(isinstance(norm, torch.nn.SyncBatchNorm) == shared for norm in norms)
    after = found.state_dict()
    assert before.keys() == after.keys()
    assert all(torch.equal(value, after[name]) for name, value in before.items())
