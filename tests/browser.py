# SPDX-License-Identifier: Apache-2.0
"""A real headless browser for tests: what a reader sees and can do."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

TELEPHONE = 390
"""Pixels from side to side."""


class Browser:
    """A headless Chromium; every message of its console and every address asked for is kept."""

    def __init__(self, driver: Any) -> None:
        self.driver = driver

    def open(self, path: Path, anchor: str = "") -> None:
        self.driver.get("about:blank")  # so that a change of the anchor alone loads the page too
        for kind in ("browser", "performance"):
            self.driver.get_log(kind)
        self.driver.get(path.as_uri() + anchor)

    def run(self, script: str, *given: object) -> Any:
        return self.driver.execute_script(script, *given)

    def all(self, selector: str) -> list[Any]:
        return list(self.driver.find_elements("css selector", selector))

    def press(self, selector: str, *keys: str) -> None:
        self.all(selector)[0].send_keys(*keys)

    def complaints(self) -> list[str]:
        return [entry["message"] for entry in self.driver.get_log("browser")]

    def asked_for(self) -> list[str]:
        """Addresses that the page asked for since it was opened."""
        messages = [json.loads(entry["message"]) for entry in self.driver.get_log("performance")]
        return [
            m["message"]["params"]["request"]["url"]
            for m in messages
            if m["message"]["method"] == "Network.requestWillBeSent"
            and m["webview"] == self.driver.current_window_handle
        ]

    @contextmanager
    def as_telephone(self) -> Iterator[Browser]:
        """The same with the screen of a telephone."""
        size = {"width": TELEPHONE, "height": 844, "deviceScaleFactor": 1, "mobile": True}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        yield self
        self.driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


@contextmanager
def headless(programs: tuple[str, str], profile: Path) -> Iterator[Browser]:
    """Start a browser.

    Args:
        programs: paths of browser and driver, as the fixture `chromium` has them.
        profile: empty folder for its profile.
    """
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    options.binary_location = programs[0]
    for argument in (
        "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
        "--disable-background-networking", "--disable-component-update", "--disable-sync",
        "--window-size=1400,1000", f"--user-data-dir={profile}",
    ):  # fmt: skip
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options, webdriver.ChromeService(programs[1]))
    try:
        yield Browser(driver)
    finally:
        driver.quit()
