/* Rows in a form: add, remove, and the keyboard of a line grid: Enter next cell, arrows same column, Ctrl D copy from
   above, Ctrl Delete remove, and cells pasted from a spreadsheet. */
(function () {
  'use strict';
  let next = Date.now();
  const cells = function (row) { return Array.from(row.querySelectorAll('td input:not([type=hidden]):not([readonly]), td select')); };

  function number(body) {
    Array.from(body.rows).forEach(function (row, i) { row.cells[0].textContent = i + 1; });
  }
  function add(set) {
    const template = set.querySelector('template[data-row-template]');
    const body = set.querySelector('table[data-rows] tbody, table[data-grid] tbody');
    const holder = document.createElement('template');
    holder.innerHTML = template.innerHTML.replace(/\.#\./g, '.' + ++next + '.');
    const row = holder.content.querySelector('tr');
    body.append(row);
    number(body);
    ky.scan();
    set.dispatchEvent(new Event('change', { bubbles: true }));
    return row;
  }
  function remove(row) {
    const body = row.parentElement;
    const near = row.nextElementSibling || row.previousElementSibling;
    row.remove();
    number(body);
    body.dispatchEvent(new Event('change', { bubbles: true }));
    const field = near && cells(near)[0];
    if (field) field.focus();
  }

  ky.rows = { add: add, remove: remove, cells: cells };

  ky.on('click', '[data-row-add]', function (event, button) {
    const first = cells(add(button.closest('[data-row-set]')))[0];
    if (first) first.focus();
  });
  ky.on('click', '[data-row-remove]', function (event, button) { remove(button.closest('tr')); });

  ky.on('keydown', 'table[data-grid] td, table[data-rows] td', function (event, cell) {
    if (event.isComposing || event.keyCode === 229 || event.defaultPrevented || event.target.closest('button')) return;
    const row = cell.parentElement;
    const all = Array.from(row.parentElement.querySelectorAll('tr')).reduce(function (s, r) { return s.concat(cells(r)); }, []);
    const at = all.indexOf(event.target);
    const column = cells(row).indexOf(event.target);
    const ctrl = event.ctrlKey || event.metaKey;
    let to = null;
    if (event.key === 'Enter' && !ctrl) {
      to = all[at + (event.shiftKey ? -1 : 1)];
      const set = row.closest('[data-row-set]');
      if (!to && !event.shiftKey && set) to = cells(add(set))[0];
    } else if (event.key === 'ArrowDown' && event.target.tagName === 'INPUT') to = row.nextElementSibling && cells(row.nextElementSibling)[column];
    else if (event.key === 'ArrowUp' && event.target.tagName === 'INPUT') to = row.previousElementSibling && cells(row.previousElementSibling)[column];
    else if (ctrl && event.key.toLowerCase() === 'd' && row.previousElementSibling) {
      event.target.value = cells(row.previousElementSibling)[column].value;
      event.target.dispatchEvent(new Event('change', { bubbles: true }));
      event.preventDefault();
      return;
    } else if (ctrl && event.key === 'Delete') { event.preventDefault(); remove(row); return; } else return;
    event.preventDefault();
    if (to) { to.focus(); if (to.select) to.select(); }
  });

  ky.on('paste', 'table[data-grid] td input, table[data-rows] td input', function (event, field) {
    const text = event.clipboardData.getData('text').replace(/\r/g, '').replace(/\n$/, '');
    const set = field.closest('[data-row-set]');
    if (!/[\t\n]/.test(text) || !set || event.defaultPrevented) return;
    event.preventDefault();
    const column = cells(field.closest('tr')).indexOf(field);
    let row = field.closest('tr');
    text.split('\n').forEach(function (line, i) {
      if (i) row = row.nextElementSibling || add(set);
      const fields = cells(row);
      line.split('\t').forEach(function (value, j) {
        const target = fields[column + j];
        if (!target) return;
        target.value = value.trim();
        target.dispatchEvent(new Event('change', { bubbles: true }));
      });
    });
  });
})();
