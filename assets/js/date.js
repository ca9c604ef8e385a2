/* Dates: typed as people write them (20260901, 9-1, -7 for seven days ago), or picked from a calendar; ranges over two months. */
(function () {
  'use strict';
  const root = document.documentElement;
  const two = function (n) { return String(n).padStart(2, '0'); };
  const iso = function (d) { return d.getFullYear() + '-' + two(d.getMonth() + 1) + '-' + two(d.getDate()); };
  const day = function (text) { const p = text.split('-').map(Number); return new Date(p[0], p[1] - 1, p[2]); };
  const shift = function (text, days) { const d = day(text); d.setDate(d.getDate() + days); return iso(d); };
  /* The server's day counts where it is given: the company's zone may not be the browser's. */
  const today = function () { return root.dataset.today || iso(new Date()); };

  function parse(text) {
    const t = text.trim().replace(/[./年月]/g, '-').replace(/日/g, '');
    let m;
    if (/^[+-]\d{1,4}$/.test(t)) return shift(today(), Number(t));
    if ((m = t.match(/^(\d{4})-?(\d{2})-?(\d{2})$/)) || (m = t.match(/^(\d{4})-(\d{1,2})-(\d{1,2})$/))) m = [m[1], m[2], m[3]];
    else if ((m = t.match(/^(\d{1,2})-(\d{1,2})$/))) m = [today().slice(0, 4), m[1], m[2]];
    else return null;
    const d = new Date(Number(m[0]), Number(m[1]) - 1, Number(m[2]));
    return d.getMonth() === Number(m[1]) - 1 ? iso(d) : null;
  }

  function check(field) {
    const text = field.value.trim();
    const date = text === '' ? '' : parse(text);
    if (date !== null) field.value = date;
    const range = field.closest('[data-range]');
    const ends = range && Array.from(range.querySelectorAll('[data-date]')).map(function (f) { return f.value; });
    const wrong = date === null ? ky.text('日期应像 2026-09-17、9-17 或 -7', 'Write dates like 2026-09-17, 9-17 or -7') : ends && ends[0] && ends[1] && ends[0] > ends[1] ? ky.text('开始日期晚于结束日期', 'The range ends before it begins') : '';
    field.setCustomValidity(wrong);
    if (wrong) field.setAttribute('aria-invalid', 'true'); else (range ? range.querySelectorAll('[data-date]') : [field]).forEach(function (f) { f.removeAttribute('aria-invalid'); f.setCustomValidity(''); });
    const place = range && range.querySelector('.ky-error');
    if (place) place.textContent = wrong;
    if (range) drawRange(range);
    return !wrong;
  }
  ky.on('change', '[data-date]', function (event, field) { check(field); });

  /** One month as a grid of buttons; Monday comes first. */
  function month(first, from, to) {
    const box = ky.make('div', 'ky-month');
    const grid = ky.make('div', 'ky-days');
    const start = day(first);
    const zh = !root.lang.startsWith('en');
    box.append(ky.make('b', '', zh ? start.getFullYear() + ' 年 ' + (start.getMonth() + 1) + ' 月' : start.toLocaleString('en', { month: 'long', year: 'numeric' })));
    (zh ? '一二三四五六日' : 'MTWTFSS').split('').forEach(function (name) { grid.append(ky.make('i', '', name)); });
    for (let i = 0; i < (start.getDay() + 6) % 7; i++) grid.append(ky.make('span'));
    for (let d = new Date(start); d.getMonth() === start.getMonth(); d.setDate(d.getDate() + 1)) {
      const text = iso(d);
      const button = ky.make('button', '', String(d.getDate()));
      button.type = 'button';
      button.dataset.day = text;
      button.tabIndex = -1;
      button.setAttribute('aria-label', text);
      if (text === from || text === to) button.setAttribute('aria-pressed', 'true');
      else if (from && to && text > from && text < to) button.className = 'is-between';
      if (text === today()) button.classList.add('is-today');
      if ((root.dataset.holidays || '').indexOf(text) >= 0) button.classList.add('is-holiday');
      if ((root.dataset.workdays || '').indexOf(text) >= 0) button.classList.add('is-workday');
      grid.append(button);
    }
    box.append(grid);
    return box;
  }
  function monthOf(text, by) { const d = day(text); return iso(new Date(d.getFullYear(), d.getMonth() + (by || 0), 1)); }

  /* One field: a calendar below it. */
  let open = null;
  function close(back) {
    if (!open) return;
    open.pop.remove();
    if (back) open.field.focus();
    open = null;
  }
  function draw(at) {
    open.at = at;
    open.pop.replaceChildren(month(monthOf(at), open.field.value, ''));
    const button = open.pop.querySelector('[data-day="' + at + '"]');
    button.tabIndex = 0;
    button.focus();
  }
  function show(field) {
    close();
    const pop = ky.make('div', 'ky-pop ky-calendar');
    const box = field.getBoundingClientRect();
    pop.setAttribute('role', 'dialog');
    pop.setAttribute('aria-label', ky.text('选日期', 'Pick a date'));
    field.closest('.ky-box').after(pop);
    if (innerWidth >= 768) Object.assign(pop.style, { position: 'fixed', left: Math.min(box.left - 10, innerWidth - 260) + 'px', top: (box.bottom + 270 > innerHeight ? box.top - 262 : box.bottom + 10) + 'px' });
    open = { pop: pop, field: field };
    draw(parse(field.value) || today());
  }
  ky.on('click', '[data-calendar]', function (event, button) { show(button.closest('.ky-box').querySelector('[data-date]')); });
  ky.on('keydown', '[data-date]', function (event, field) { if (event.altKey && event.key === 'ArrowDown' && field.closest('.ky-box')) { event.preventDefault(); show(field); } });
  ky.on('keydown', '.ky-calendar', function (event) {
    const step = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -7, ArrowDown: 7 }[event.key];
    if (event.key === 'Escape') { event.preventDefault(); event.stopPropagation(); close(true); }
    else if (step) { event.preventDefault(); draw(shift(open.at, step)); }
    else if (/^Page(Up|Down)$/.test(event.key)) { event.preventDefault(); draw(monthOf(open.at, event.key === 'PageUp' ? -1 : 1)); }
  });
  ky.on('click', '.ky-calendar [data-day]', function (event, button) {
    const field = open.field;
    field.value = button.dataset.day;
    close(true);
    field.dispatchEvent(new Event('change', { bubbles: true }));
  });
  document.addEventListener('mousedown', function (event) { if (open && !open.pop.contains(event.target)) close(); });

  /* A range: two fields, two months; the first click begins, the second ends. */
  function drawRange(range) {
    const place = range.querySelector('.ky-months');
    const ends = Array.from(range.querySelectorAll('[data-date]')).map(function (f) { return parse(f.value) || ''; });
    const last = monthOf(ends[1] || ends[0] || today());
    if (place) place.replaceChildren(month(monthOf(last, -1), ends[0], ends[1]), month(last, ends[0], ends[1]));
  }
  ky.each('[data-range]', drawRange);
  ky.on('click', '[data-range] [data-day]', function (event, button) {
    const fields = button.closest('[data-range]').querySelectorAll('[data-date]');
    const begin = !fields[0].value || fields[1].value || button.dataset.day < fields[0].value;
    fields[begin ? 0 : 1].value = button.dataset.day;
    if (begin) fields[1].value = '';
    check(fields[begin ? 0 : 1]);
  });
})();
