// Sorts a table by the column whose head is pressed: numbers from the largest on, names from the first; what nobody knows comes last.
for (const table of document.querySelectorAll("table.sortable")) {
  const heads = [...table.tHead.rows[0].cells];
  heads.forEach((head, column) => {
    const button = document.createElement("button");
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const was = head.getAttribute("aria-sort");
      const isName = head.classList.contains("name") && column === 0;
      const down = was === null ? !isName : was === "ascending";
      heads.forEach((other) => other.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      const value = (row) => {
        const cell = row.cells[column];
        return isName ? cell.textContent : cell.dataset.v === undefined ? null : Number(cell.dataset.v);
      };
      const rows = [...table.tBodies[0].rows].map((row) => [value(row), row]);
      const order = (a, b) => (isName ? a.localeCompare(b, undefined, { numeric: true }) : a - b);
      rows.sort(([a], [b]) => (a === null || b === null ? (a === null) - (b === null) : down ? order(b, a) : order(a, b)));
      table.tBodies[0].append(...rows.map(([, row]) => row));
    });
  });
}
