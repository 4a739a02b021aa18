// SPDX-License-Identifier: Apache-2.0
// Sort a list of attempts, and filter it if there is a form.
(() => {
  "use strict";

  const table = document.getElementById("attempts");
  if (!table) return;
  const body = table.tBodies[0];
  const rows = [...body.rows];

  function sort(column, heading) {
    const down = heading.getAttribute("aria-sort") === "ascending";
    for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
    heading.setAttribute("aria-sort", down ? "descending" : "ascending");
    const key = (row) => row.cells[column].dataset.v;
    const compare = (a, b) => (key(a) === undefined
      ? a.cells[column].textContent.localeCompare(b.cells[column].textContent, "en", { numeric: true })
      : (Number(key(a)) || 0) - (Number(key(b)) || 0) || 0);
    body.append(...[...rows].sort((a, b) => (down ? -1 : 1) * compare(a, b)));
  }

  [...table.tHead.rows[0].cells].forEach((heading, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = heading.textContent;
    button.addEventListener("click", () => sort(column, heading));
    heading.replaceChildren(button);
  });

  const form = document.querySelector("form.filters");
  if (!form) return;
  const texts = rows.map((row) => row.textContent.toLowerCase());
  const chosen = () => [...form.querySelectorAll("select")].filter((s) => s.value);

  function filter() {
    const text = form.elements.text.value.trim().toLowerCase();
    let shown = 0;
    rows.forEach((row, at) => {
      const fits = texts[at].includes(text) && chosen().every((s) => row.dataset[s.name] === s.value);
      row.hidden = !fits;
      shown += fits ? 1 : 0;
    });
    form.querySelector("output").textContent = `${shown} of ${rows.length} attempts`;
  }

  form.addEventListener("input", filter);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", () => setTimeout(filter));
  form.hidden = false;
  filter();
})();
