/* Unsaved changes: a form with data-guard asks before the page or its region is left. */
(function () {
  'use strict';
  const QUESTION = function () { return ky.text('有未保存的修改。放弃并离开？', 'There are unsaved changes. Leave and lose them?'); };
  function dirty(root) {
    return Array.from((root || document).querySelectorAll('form[data-guard][data-dirty]'));
  }
  ky.on('input change', 'form[data-guard]', function (event, form) { form.dataset.dirty = ''; });
  ky.on('submit', 'form[data-guard]', function (event, form) { if (!event.defaultPrevented || form.matches('[hx-post],[hx-put],[hx-patch]')) delete form.dataset.dirty; });
  ky.on('reset', 'form[data-guard]', function (event, form) { delete form.dataset.dirty; });
  addEventListener('beforeunload', function (event) { if (dirty().length) event.preventDefault(); });
  document.addEventListener('htmx:before:request', function (event) {
    const ctx = event.detail.ctx;
    const target = ctx.target;
    if (!target || !target.querySelectorAll || ctx.swap === 'none') return;
    const lost = dirty(target).concat(target.matches('form[data-guard][data-dirty]') ? [target] : []).filter(function (form) {
      return form !== ctx.sourceElement && !(form.contains(ctx.sourceElement) && !ctx.sourceElement.hasAttribute('data-cancel') && ctx.request.method !== 'GET');
    });
    if (!lost.length) return;
    if (confirm(QUESTION())) lost.forEach(function (form) { delete form.dataset.dirty; });
    else event.preventDefault();
  });
  /* A form that came back wrong still holds what was not saved. */
  ky.each('form[data-guard]', function (form) { if (form.querySelector('[aria-invalid="true"]')) form.dataset.dirty = ''; });
})();
