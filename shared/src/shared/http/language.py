"""The language of the person who reads the answer, by ``Accept-Language``."""

from starlette.requests import HTTPConnection

from shared.problems import Language


def preferred(accept_language: str | None) -> Language:
    """English unless Chinese in any form is wanted more. Never raises: nonsense means English."""
    best: dict[str, tuple[float, int]] = {}
    for place, part in enumerate((accept_language or "")[:1000].split(",")):
        tag, _, parameters = part.strip().partition(";")
        primary = tag.strip().lower().split("-")[0]
        if primary not in {"en", "zh"}:
            continue
        quality = 1.0
        name, _, value = parameters.strip().partition("=")
        if name.strip().lower() == "q":
            try:
                quality = float(value)
            except ValueError:
                quality = 0.0
        if 0 < quality <= 1:
            # Of equal wishes the first counts.
            best[primary] = max(best.get(primary, (0.0, 0)), (quality, -place))
    return "zh" if best.get("zh", (0.0, 0)) > best.get("en", (0.0, 0)) else "en"


async def language(request: HTTPConnection) -> Language:
    """Dependency: ``language: Annotated[Language, Depends(language)]``."""
    return preferred(",".join(request.headers.getlist("accept-language")))
