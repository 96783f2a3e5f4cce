// Filter and order of tables; without it the page reads the same.
for (const table of document.querySelectorAll("table")) {
  const records = [...table.tBodies];
  const field = document.createElement("input");
  field.type = "search";
  field.placeholder = "Filter";
  field.setAttribute("aria-label", "Filter the rows of this table");
  table.parentElement.before(field);
  field.addEventListener("input", () => {
    const wanted = field.value.toLowerCase();
    for (const record of records) record.hidden = !record.textContent.toLowerCase().includes(wanted);
  });
  [...table.tHead.rows[0].cells].forEach((head, column) => {
    const button = document.createElement("button");
    button.textContent = head.textContent;
    head.replaceChildren(button);
    button.addEventListener("click", () => {
      const up = head.ariaSort !== "ascending";
      for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
      head.ariaSort = up ? "ascending" : "descending";
      const key = (record) => record.rows[0].cells[column].dataset.key ?? "";
      const numeric = head.classList.contains("right");
      const order = (a, b) => numeric ? Number(key(a)) - Number(key(b)) : key(a).localeCompare(key(b));
      records.sort((a, b) => (up ? order(a, b) : order(b, a)));
      table.append(...records);
    });
  });
}
