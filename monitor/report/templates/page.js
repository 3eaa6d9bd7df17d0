"use strict";
(() => {
  // Without this script the page is whole: it only sorts and filters what is there.
  const ranks = ["fail", "warn", "skip", "pass"];
  const valueOf = (row, column) => {
    const cell = row.cells[column];
    if (!cell) return "";
    const runs = cell.querySelector("svg.runs");
    if (runs) return Number(/(\d+) fail/.exec(runs.getAttribute("aria-label"))?.[1] ?? 0);
    const text = (cell.dataset.value ?? cell.textContent).trim();
    if (ranks.includes(text)) return ranks.indexOf(text);
    if (text === "" || text === "-") return "";
    const number = Number(text.replace(/[<>,%\s]|s$/g, ""));
    return Number.isNaN(number) ? text : number;
  };
  const compare = (a, b) => {
    if (a === "" || b === "") return (a === "") - (b === "");
    if (typeof a === "number" && typeof b === "number") return a - b;
    return String(a).localeCompare(String(b), "en", { numeric: true });
  };
  for (const table of document.querySelectorAll("table.sortable")) {
    const body = table.tBodies[0];
    Array.from(table.tHead.rows[0].cells).forEach((head, column) => {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...head.childNodes);
      head.append(button);
      button.addEventListener("click", () => {
        const ascending = head.getAttribute("aria-sort") !== "ascending";
        for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
        head.setAttribute("aria-sort", ascending ? "ascending" : "descending");
        const rows = Array.from(body.rows);
        rows.sort((a, b) => {
          const order = compare(valueOf(a, column), valueOf(b, column));
          return ascending ? order : -order;
        });
        body.append(...rows);
      });
    });
  }

  const form = document.querySelector("form.filter");
  if (form) {
    form.hidden = false;
    const rows = Array.from(document.querySelectorAll("tr[data-status]"));
    const found = form.querySelector("output");
    const text = new Map(rows.map((row) => [row, row.textContent.toLowerCase()]));
    const filter = () => {
      const wanted = new Set(Array.from(form.querySelectorAll("[name=status]:checked"), (box) => box.value));
      const group = form.elements.group ? form.elements.group.value : "";
      const words = form.elements.text.value.toLowerCase().split(/\s+/).filter(Boolean);
      let shown = 0;
      for (const row of rows) {
        const fits = wanted.has(row.dataset.status) && (!group || row.closest("section").dataset.group === group)
          && words.every((word) => text.get(row).includes(word));
        row.hidden = !fits;
        shown += fits;
      }
      for (const section of document.querySelectorAll("section[data-group]")) {
        section.hidden = !section.querySelector("tr[data-status]:not([hidden])");
      }
      found.textContent = `${shown.toLocaleString("en")} of ${rows.length.toLocaleString("en")} shown`;
    };
    form.addEventListener("input", filter);
    form.addEventListener("reset", () => setTimeout(filter));
    form.addEventListener("submit", (event) => event.preventDefault());
    filter();
  }

  // A link to a check shows it: whatever is filtered, and with its details open.
  const reveal = () => {
    const target = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!target) return;
    if (target.closest("[hidden]") && form) form.reset();
    setTimeout(() => {
      const details = target.querySelector("details");
      if (details) details.open = true;
      target.scrollIntoView();
    });
  };
  addEventListener("hashchange", reveal);
  reveal();
  addEventListener("beforeprint", () => {
    for (const details of document.querySelectorAll("tr[data-status=fail] details")) details.open = true;
  });
})();
