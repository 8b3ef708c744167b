import time, pytest, collections
from tests.faults.fault_loop import *
from tests.faults.scenarios import SCENARIOS
from tests.faults.waiting import in_virtual_time
@pytest.mark.parametrize("sc", SCENARIOS, ids=lambda s: s.name)
def test_x(monkeypatch, sc):
    in_virtual_time(monkeypatch)
    t=time.perf_counter()
    n=0; bad=collections.Counter()
    ex={}
    for r in every_fault(sc):
        n+=1
        if r.fault is None: print(sc.name, "points", r.points, dict(r.world.table.seen))
        for v in r.violations:
            k=(v.invariant, v.what[:150], r.fault.kind if r.fault else None, str(r.struck))
            bad[(v.invariant)]+=1
            ex.setdefault((v.invariant, r.fault.kind if r.fault else None, r.struck.site if r.struck else None),(v.what[:300], r.fault))
    print(sc.name, n, "runs", time.perf_counter()-t)
    print(bad)
    for k,v in ex.items(): print("   ", k, v)
