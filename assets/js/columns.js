/* Order by hand: lists whose rows are dragged by a grip or moved with the arrow keys, and columns drawn wider. */
(function () {
  'use strict';
  function moved(row) {
    const list = row.parentElement;
    const at = Array.from(list.children).indexOf(row) + 1;
    ky.say(ky.text('第 ' + at + ' 位，共 ' + list.children.length + ' 位', 'Position ' + at + ' of ' + list.children.length));
    list.dispatchEvent(new Event('change', { bubbles: true }));
  }

  ky.on('keydown', '[data-grip]', function (event, grip) {
    const row = grip.closest('li');
    const up = event.key === 'ArrowUp' && row.previousElementSibling;
    const down = event.key === 'ArrowDown' && row.nextElementSibling;
    if (!/^Arrow(Up|Down)$/.test(event.key)) return;
    event.preventDefault();
    if (up) up.before(row);
    if (down) down.after(row);
    grip.focus();
    if (up || down) moved(row);
  });

  ky.on('pointerdown', '[data-grip]', function (event, grip) {
    const row = grip.closest('li');
    const list = row.parentElement;
    event.preventDefault();
    grip.focus();
    grip.setPointerCapture(event.pointerId);
    row.classList.add('is-dragged');
    function move(e) {
      const over = Array.from(list.children).find(function (other) {
        const box = other.getBoundingClientRect();
        return other !== row && e.clientY >= box.top && e.clientY < box.bottom;
      });
      if (!over) return;
      const box = over.getBoundingClientRect();
      if (e.clientY < box.top + box.height / 2) over.before(row); else over.after(row);
    }
    function end() {
      grip.removeEventListener('pointermove', move);
      row.classList.remove('is-dragged');
      moved(row);
    }
    grip.addEventListener('pointermove', move);
    grip.addEventListener('pointerup', end, { once: true });
    grip.addEventListener('pointercancel', end, { once: true });
  });

  /* A column's width: drag the edge of its head; the address keeps the widths when let go. */
  ky.on('pointerdown', '.ky-resize', function (event, edge) {
    const table = edge.closest('table');
    const head = edge.closest('th');
    const col = table.querySelectorAll('col')[head.cellIndex];
    const start = event.clientX;
    const width = head.offsetWidth;
    event.preventDefault();
    edge.setPointerCapture(event.pointerId);
    function move(e) { col.setAttribute('width', String(Math.max(44, Math.round(width + e.clientX - start)))); }
    edge.addEventListener('pointermove', move);
    edge.addEventListener('pointerup', function () {
      edge.removeEventListener('pointermove', move);
      const columns = Array.from(table.querySelectorAll('.ky-resize')).map(function (e) {
        const at = table.querySelectorAll('col')[e.closest('th').cellIndex];
        return e.dataset.col + ':' + at.getAttribute('width');
      });
      ky.go(ky.address({ columns: columns.join(',') }));
    }, { once: true });
  });
})();
