"""The pages for browsers: those that the settings enable, and their routes."""

from collections.abc import Mapping

from gateway.http.head import Route
from gateway.http.routes.pages import CONSOLE_POLICY, PLAYGROUND_POLICY, Page, files
from gateway.http.routes.read_only import read_only
from gateway.http.routes.redirects import redirect_to_playground
from gateway.settings import Settings


def enabled_pages(settings: Settings) -> dict[str, Page]:
    """Return the enabled pages, by name."""
    has_playground = settings.playground and settings.trusted_documents != "only"
    shared = {"auth": settings.auth, "issuers": " ".join(settings.oidc_issuers)}
    pages = {}
    if has_playground:
        pages["playground"] = Page("playground", PLAYGROUND_POLICY, shared)
    if settings.console:
        known = {
            "playground": str(has_playground).lower(),
            "hide-names": str(settings.console_hide_names).lower(),
        }
        pages["console"] = Page("console", CONSOLE_POLICY, {**shared, **known})
    return pages


def page_routes(pages: Mapping[str, Page]) -> dict[str, Route]:
    """Return the routes of pages and of the files that they load.

    The playground has none of its own: the endpoint of GraphQL shows it.
    """
    if not pages:
        return {}
    assets = {path: read_only(file) for path, file in files().items()}
    if "console" not in pages:
        return {"/": redirect_to_playground, **assets}
    console = read_only(pages["console"].answer)
    return {"/": console, "/operations": console, "/operations/*": console, **assets}
