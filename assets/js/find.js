/* The list's find box and filter popovers: both end in the page's own address. */
(function () {
  'use strict';
  /* Typing asks 250 ms after the last key; a newer question aborts the older (htmx replaces requests of one source). */
  const ask = ky.later(function (field) {
    const rows = document.getElementById('rows');
    ky.go(ky.address({ q: field.value.trim(), page: '', after: '' }), rows ? '#rows' : '#main').then(function () {
      ky.scan();
      const count = document.querySelector('[data-foot]');
      if (count) ky.say(count.textContent.trim());
    });
  }, 250);
  ky.on('input', '[data-find]', function (event, field) { if (!event.isComposing) ask(field); });
  ky.on('compositionend', '[data-find]', function (event, field) { ask(field); });
  ky.on('keydown', '[data-find]', function (event, field) {
    if (event.key === 'Escape' && field.value) { event.stopPropagation(); field.value = ''; ask(field); }
    if (event.key === 'ArrowDown') { event.preventDefault(); field.blur(); document.dispatchEvent(new CustomEvent('ky:row')); }
  });

  /* Ways out of the list take along what was typed since the page came. */
  ky.on('click', 'a[data-here]', function (event, link) {
    const to = new URL(link.href);
    to.searchParams.set('q', new URL(location.href).searchParams.get('q') || '');
    link.href = to.href;
  });

  /* Page size and the like: <select data-param="size">. */
  ky.on('change', 'select[data-param]', function (event, select) {
    const change = { page: '', after: '' };
    change[select.dataset.param] = select.value;
    ky.go(ky.address(change));
  });
  ky.on('click', 'a.ky-sort[data-sort]', function (event, link) {
    if (!event.shiftKey) return;
    event.preventDefault();
    const held = (new URL(location.href).searchParams.get('sort') || '').split(',').filter(Boolean);
    const key = link.dataset.sort;
    const bare = function (k) { return k.replace(/^-/, ''); };
    ky.go(ky.address({ sort: held.filter(function (k) { return bare(k) !== bare(key); }).concat(key).join(','), page: '', after: '' }));
  });

  /* Filter popover */
  let taken = null;
  function list(pop) { return pop.querySelector('.ky-options'); }
  function toggle(option) { option.setAttribute('aria-selected', String(option.getAttribute('aria-selected') !== 'true')); }

  ky.on('input', '[data-filter-find], [data-options-find]', function (event, field) {
    const pop = field.closest('.ky-pop');
    const options = list(pop);
    if (!options) {
      // Columns keep the order they are given here: only hide what does not fit.
      pop.querySelectorAll('.ky-sortable > li').forEach(function (row) { row.hidden = row.textContent.indexOf(field.value.trim()) < 0 && (row.dataset.pinyin || '').indexOf(field.value.trim()) < 0; });
    } else if (field.dataset.src) {
      if (!event.isComposing) more(field, options);
    } else {
      ky.options.narrow(options, field.value);
      ky.options.activate(options, field.value ? ky.options.all(options)[0] : null, field);
    }
  });

  /* Many values are searched on the server; those chosen stay. */
  const more = ky.later(function (field, options) {
    const url = new URL(field.dataset.src, location.href);
    url.searchParams.set('typed', field.value);
    ky.fetch(options, url.pathname + url.search).then(function (answer) {
      if (!answer.ok) return;
      const chosen = Array.from(options.querySelectorAll('[aria-selected="true"]'));
      options.innerHTML = answer.text;
      chosen.forEach(function (old) {
        const same = Array.from(options.children).find(function (o) { return o.dataset.value === old.dataset.value; });
        if (same) same.setAttribute('aria-selected', 'true'); else options.append(old);
      });
      ky.options.activate(options, ky.options.all(options)[0], field);
    }, function () {});
  }, 150);

  ky.on('click', '[data-filter] [role="option"]', function (event, option) { toggle(option); });
  ky.on('keydown', '.ky-pop[data-filter]', function (event, pop) {
    if (event.isComposing) return;
    const options = list(pop);
    const field = pop.querySelector('[data-filter-find]');
    if (event.key !== 'Enter') taken = null;
    if (options && /^Arrow(Down|Up)$/.test(event.key)) { event.preventDefault(); ky.options.move(options, event.key, field); }
    if (event.key !== 'Enter' || event.target.closest('button')) return;
    event.preventDefault();
    const active = options && ky.options.active(options);
    // The first Enter takes an option, the second one applies.
    if (active && active !== taken && !event.ctrlKey) { toggle(active); taken = active; } else apply(pop);
  });

  /* A condition of the view itself is taken back by name: `closed=*`. */
  function nothing(pop) { return pop.hasAttribute('data-in-view') ? '*' : ''; }
  function apply(pop) {
    const change = { page: '', after: '', chip: '' };
    const from = pop.querySelector('[name="from"]');
    const to = pop.querySelector('[name="to"]');
    if (from || to) {
      const a = from ? from.value : '';
      const b = to ? to.value : '';
      change[pop.dataset.filter] = a || b ? a + '..' + b : nothing(pop);
    } else {
      change[pop.dataset.filter] = Array.from(pop.querySelectorAll('[role="option"][aria-selected="true"]')).map(function (o) { return o.dataset.value; }).join(',') || nothing(pop);
    }
    ky.go(ky.address(change));
  }
  ky.on('click', '[data-filter-apply]', function (event, button) { apply(button.closest('.ky-pop')); });
  ky.on('click', '[data-filter-clear]', function (event, button) {
    const pop = button.closest('.ky-pop');
    const change = { page: '', after: '', chip: '' };
    change[pop.dataset.filter] = nothing(pop);
    ky.go(ky.address(change));
  });
})();
