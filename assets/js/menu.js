/* Popovers and menus: <details data-menu>. One is open at a time; Escape and a click elsewhere close it; it is laid
   over everything at a fixed place, so that no scrolling region cuts it off. data-src fetches its content once. */
(function () {
  'use strict';
  const phone = window.matchMedia('(max-width: 767.98px)');

  function panel(menu) { return menu.querySelector('.ky-pop'); }
  function open() { return document.querySelector('details[data-menu][open]'); }

  function place(menu) {
    const pop = panel(menu);
    if (!pop) return;
    ['position', 'left', 'right', 'top', 'bottom', 'maxHeight'].forEach(function (p) { pop.style[p] = ''; });
    if (phone.matches) return;
    const box = (menu.closest('.ky-chip') || menu).getBoundingClientRect();
    const width = pop.offsetWidth;
    const height = pop.offsetHeight;
    const left = pop.classList.contains('is-columns') ? innerWidth - width - 12 : pop.classList.contains('is-right') ? box.right - width : box.left;
    const above = box.bottom + 4 + height > innerHeight && box.top - 4 - height > 0;
    pop.style.position = 'fixed';
    pop.style.right = 'auto';
    pop.style.left = Math.max(8, Math.min(left, innerWidth - width - 8)) + 'px';
    pop.style.top = (above ? box.top - 4 - height : Math.max(8, Math.min(box.bottom + 4, innerHeight - height - 8))) + 'px';
  }

  function focus(menu) {
    const first = panel(menu).querySelector('input:not([type=hidden]), a[href], button:not(:disabled), select');
    if (first) first.focus({ preventScroll: true });
  }

  function close(menu, back) {
    menu.open = false;
    if (back) menu.querySelector('summary').focus();
  }

  ky.on('toggle', 'details[data-menu]', function (event, menu) {
    if (event.target !== menu) return;
    const chip = menu.closest('.ky-chip');
    if (chip) chip.classList.toggle('is-open', menu.open);
    if (!menu.open) return;
    document.querySelectorAll('details[data-menu][open]').forEach(function (other) { if (other !== menu) other.open = false; });
    place(menu);
    if (menu.dataset.src && !menu.dataset.loaded) {
      menu.dataset.loaded = '1';
      htmx.ajax('GET', menu.dataset.src, { source: menu, target: panel(menu), swap: 'innerHTML' }).then(function () { place(menu); focus(menu); });
    } else focus(menu);
  });

  document.addEventListener('click', function (event) {
    const menu = open();
    if (!menu) return;
    if (!menu.contains(event.target)) close(menu);
    else if (event.target.closest('.ky-pop.is-menu a, .ky-pop.is-menu button')) close(menu);
  });

  document.addEventListener('keydown', function (event) {
    const menu = open();
    if (!menu || event.isComposing) return;
    if (event.key === 'Escape') { event.preventDefault(); close(menu, true); return; }
    if (!menu.querySelector('.ky-pop.is-menu') || !/^(ArrowDown|ArrowUp|Home|End)$/.test(event.key)) return;
    const items = Array.from(menu.querySelectorAll('.ky-pop a[href], .ky-pop button:not(:disabled)'));
    const at = items.indexOf(document.activeElement);
    const to = { ArrowDown: (at + 1) % items.length, ArrowUp: (at - 1 + items.length) % items.length, Home: 0, End: items.length - 1 }[event.key];
    event.preventDefault();
    if (items[to]) items[to].focus();
  });

  addEventListener('resize', function () { const menu = open(); if (menu) place(menu); });
  document.addEventListener('scroll', function (event) {
    const menu = open();
    if (menu && !menu.contains(event.target)) place(menu);
  }, true);

  /* Sheets of a phone: data-sheet="id" opens, data-sheet-close and Escape close. */
  ky.on('click', '[data-sheet]', function (event, button) {
    const sheet = document.getElementById(button.dataset.sheet);
    sheet.classList.add('is-open');
    const first = sheet.querySelector('button, a, input');
    if (first) first.focus();
  });
  function lower(sheet) {
    sheet.classList.remove('is-open');
    const opener = document.querySelector('[data-sheet="' + sheet.id + '"]');
    if (opener) opener.focus();
  }
  ky.on('click', '[data-sheet-close]', function (event, button) { lower(button.closest('.is-open')); });
  document.addEventListener('keydown', function (event) {
    const sheet = document.querySelector('.ky-filters-set.is-open');
    if (sheet && event.key === 'Escape' && !event.defaultPrevented) { event.preventDefault(); lower(sheet); }
  });
})();
