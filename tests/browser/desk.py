"""A member of staff at the Temporal UI: what they click, type and read."""

import json
import re
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.async_api import Error, FrameLocator, Locator, Page, expect

PATIENCE = 20_000
"""Milliseconds until what ought to appear has appeared; machines are shared."""
DETAILS = "iframe[id*=details]"
_IDS = "links => links.map(a => a.innerText).filter((text, at) => links[at].pathname.split('/')[4] === text)"
"""Of the links in a list, those whose text is the id they lead to."""


@dataclass
class Desk:
    """One page of the UI in a browser."""

    page: Page
    ui: str
    pictures: str | None = None
    """The directory screenshots are kept in; None for nowhere."""
    described: str = ""
    """What the dialog says of the update chosen last."""

    async def look_at(self, link: str, expected: set[str]) -> set[str]:
        """Open the link of a view; answers with the ids it lists once those expected are among them."""
        await self.page.goto(link)
        for id in expected:
            await expect(self.page.get_by_role("link", name=id, exact=True)).to_be_visible(timeout=PATIENCE)
        return set(await self.page.locator("table a").evaluate_all(_IDS))

    async def go_to(self, case: str) -> None:
        """Open a case by its address."""
        await self.page.goto(f"{self.ui}/namespaces/reengagement/workflows/{case}")
        await expect(self.page.get_by_role("heading", name=case)).to_be_visible(timeout=PATIENCE)

    async def open(self, case: str) -> None:
        """Click a case in the list."""
        await self.page.get_by_role("link", name=case, exact=True).click()
        await expect(self.page.get_by_role("heading", name=case)).to_be_visible(timeout=PATIENCE)

    async def tab(self, name: str) -> None:
        """Turn to a tab of a case's page."""
        await self.page.get_by_role("tab", name=name).click()

    def table(self) -> FrameLocator:
        """The current details."""
        return self.page.frame_locator(DETAILS)

    def cell(self, says: str | re.Pattern[str]) -> Locator:
        """What the current details say somewhere."""
        return self.table().locator("th, td").filter(has_text=says)

    async def expect_details(self, *says: str) -> None:
        """Turn to the current details as they are now, and wait until they say it."""
        await self.tab("Timeline")
        await self.tab("User Metadata")
        for one in says:
            await expect(self.cell(one).first).to_be_visible(timeout=PATIENCE)

    async def follow(self, id: str) -> "Desk":
        """Click a link in the current details; it opens a page beside this one."""
        async with self.page.context.expect_page() as opening:
            await self.table().get_by_role("link", name=id).click()
        return Desk(await opening.value, self.ui, self.pictures)

    async def begin_update(self, name: str, said: dict[str, Any] | None = None) -> Locator:
        """Open the dialog, choose what happened, and write what the dialog takes: one JSON object."""
        await self.page.get_by_role("button", name="More Actions").click()
        await self.page.get_by_role("menuitem", name="Send an Update").click()
        dialog = self.page.get_by_role("dialog")
        await dialog.get_by_test_id("update-select-button").click()
        option = dialog.get_by_role("option", name=re.compile(f"^{name} "))
        self.described = await option.inner_text()
        await option.click()
        if said:
            await self.write(dialog, said)
        return dialog

    async def write(self, dialog: Locator, said: dict[str, Any]) -> None:
        """Replace what the dialog's editor holds; written in lines as the editor itself writes them, nothing moves."""
        await dialog.locator(".cm-content").click()
        await self.page.keyboard.press("Control+A")
        await self.page.keyboard.insert_text(json.dumps(said, indent=2))

    async def submit(self, dialog: Locator) -> None:
        """Send what the dialog holds; it is taken, and the UI says so."""
        await dialog.get_by_role("button", name="Submit").click()
        told = self.page.locator("p").filter(has_text="Update successful")
        await expect(told).to_be_visible(timeout=PATIENCE)
        await told.locator("xpath=..").get_by_role("button").click()
        await expect(told).to_have_count(0)

    async def picture(self, name: str, of: Locator | None = None) -> None:
        """Keep what is seen, for the documentation."""
        if self.pictures:
            seen = await (of or self.page.get_by_role("main")).screenshot(animations="disabled")
            with Image.open(BytesIO(seen)) as picture:  # of few colours, so that it is small
                picture.quantize(64).save(Path(self.pictures) / f"{name}.png", optimize=True)

    async def everything_seen(self) -> str:
        """All text on the page, in its frames too."""
        while True:
            try:
                return "\n".join([await frame.locator("body").inner_text() for frame in self.page.frames])
            except Error as error:  # the page has exchanged a frame while it was read
                if "detached" not in str(error):
                    raise
