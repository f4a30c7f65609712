import json, random, threading, time, resource, os, cProfile, pstats
from datetime import timedelta
import pytest, httpx
from contact_rules.service import build
from contact_rules.settings import ContactRulesSettings
from shared.bus import LocalBus
from shared.db import transaction
from shared.ids import new_id
from shared.service.processes import api_server, bound_socket
from sqlalchemy import text
from settable_clock import SettableClock, START
from told_contacts import MONDAY
from uuid import UUID

def rss():
    with open("/proc/self/statm") as f: return int(f.read().split()[1]) * 4 // 1024

@pytest.mark.parametrize("where", [None, "TW"])
def test_measure(make_database, keys, token, clock, where):
    settings = ContactRulesSettings(database_url=make_database("contact_rules"), token_keys=str(keys.token_jwks), approval_key=keys.approval_key, database_pool=10)
    service = build(settings, LocalBus(), clock)
    N, P = int(os.environ.get("N", 100_000)), int(os.environ.get("P", 50_000))
    persons = [(new_id(), new_id(), f"CARD-{n}") for n in range(P)]
    from contact_rules.store import accounts
    with transaction(service.engine) as session:
        for i in range(0, P, 5000):
            accounts.keep(session, [accounts.Account(a, "northbank", x, p, MONDAY) for a, p, x in persons[i:i+5000]])
    path = "/tmp/i4/c2_lines.ndjson"
    rng = random.Random(1)
    order = list(range(N)); rng.shuffle(order)
    with open(path, "w") as f:
        for n in order:
            a, p, x = persons[n % P]
            at = MONDAY - timedelta(days=n // P * 3 + 1, minutes=n % 300)
            row = {"id": f"c-{n}", "account": x, "channel": "phone", "direction": "outbound", "starts_at": at.isoformat(), "ends_at": (at + timedelta(minutes=2)).isoformat(), "outcome": rng.choice(["no_answer", "answered", "conversation"]), "point": f"+8869{n%P:08d}"}
            if where: row["place"] = {"kind": "home", "country": "TW", "timezone": "Asia/Taipei"}
            f.write(json.dumps(row) + "\n")
    sock = bound_socket("127.0.0.1", 0)
    server = api_server(service.app)
    t = threading.Thread(target=server.run, kwargs={"sockets": [sock]}, daemon=True); t.start()
    url = f"http://127.0.0.1:{sock.getsockname()[1]}/v1/contacts"
    time.sleep(1)
    seen = []
    def chunks():
        with open(path, "rb") as f:
            while piece := f.read(65536):
                seen.append(rss())
                yield piece
    head = token.header("lender", lender="northbank")
    import sys
    for label in ("first", "again"):
        seen.clear()
        if os.environ.get("PROFILE") and label == "first":
            import contact_rules.api.contacts as c
            prof = cProfile.Profile()
            real = c._take
            def wrapped(*a):
                prof.enable()
                try: return real(*a)
                finally: prof.disable()
            c._take = wrapped
        began = time.monotonic()
        with httpx.Client(timeout=600) as client:
            r = client.post(url, content=chunks(), headers=head | {"Content-Type": "application/x-ndjson"})
        took = time.monotonic() - began
        said = r.json()
        print("\n", where, label, {k: v for k, v in said.items() if k != "errors"}, said.get("errors", said)[:1] if isinstance(said.get("errors"), list) else said, f"{N/took:,.0f} rows/s {took:.1f}s rss {seen[0]}..{max(seen)} end {rss()} MB", file=sys.stderr)
        if os.environ.get("PROFILE") and label == "first":
            c._take = real
            pstats.Stats(prof, stream=sys.stderr).sort_stats("cumtime").print_stats(60)
            break
    if not os.environ.get("PROFILE"):
        rows = [json.loads(l) | {"id": f"z{i}"} for i, l in zip(range(1000), open(path))]
        for _ in range(2):
            began = time.monotonic()
            r = httpx.post(url, json=rows, headers=head, timeout=100)
            print(" array of 1000:", {k: v for k, v in r.json().items() if k != "errors"}, f"{1000/(time.monotonic()-began):,.0f} rows/s", file=sys.stderr)
        with service.engine.connect() as conn:
            print(" breaches", conn.execute(text("select count(*) from breach")).scalar_one(), file=sys.stderr)
    server.should_exit = True; t.join()
    service.close()
