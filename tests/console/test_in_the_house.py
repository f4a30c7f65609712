"""The console over the real services, after the story: every page of it, in both languages."""

import re
from pathlib import Path

import httpx
from doorstep_process import doorstep, house


def test_every_page_shows_what_the_story_did(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with house(home) as running:
        url = running.wait_until_open(120)
        token = doorstep("token", "--role", "ops", "--home", str(home)).stdout.strip()
        with httpx.Client(base_url=url, follow_redirects=True, trust_env=False) as browser:
            signed_in = browser.post("/console/sign-in", data={"token": token})
            assert signed_in.url.path == "/console/cases"
            seen: set[str] = set()
            for language in ("en", "zh"):
                browser.get(f"/console/language/{language}")
                for start in (
                    "cases",
                    "visits",
                    "visits?status=denied",
                    "reviews",
                    "plans",
                    "packs",
                ):
                    page = browser.get(f"/console/{start}")
                    assert page.status_code == 200, start
                    for link in re.findall(r'href="(/console/[a-z]+/[^"?]+)"', page.text)[:8]:
                        kind = link.split("/")[2]
                        if kind in {"static", "language"}:
                            continue
                        shown = browser.get(link)
                        assert shown.status_code == 200, link
                        seen.add(kind)
            assert seen == {"cases", "visits", "reviews", "plans", "packs"}
            denied = browser.get("/console/visits?status=denied").text
            visit = browser.get(re.findall(r'href="(/console/visits/[^"?]+)"', denied)[0]).text
            assert "不得外访的原因" in visit
