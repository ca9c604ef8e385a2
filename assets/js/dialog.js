/* Dialogs and drawers. What is swapped into #dialog or #drawer opens it. */
(function () {
  'use strict';
  let back = null;

  function show(dialog) {
    dialog.classList.toggle('is-wide', !!dialog.querySelector('[data-wide]'));
    if (!dialog.open) {
      back = document.activeElement;
      dialog.showModal();
    }
    const field = dialog.querySelector('[aria-invalid="true"], [autofocus], input:not([type=hidden]), select, textarea') || dialog.querySelector('[data-close]');
    if (field) field.focus();
    check(dialog);
  }

  document.addEventListener('htmx:after:swap', function (event) {
    const target = event.detail.ctx.target;
    const dialog = target && target.closest && target.closest('dialog');
    if (dialog && (target === dialog || dialog.open) && dialog.childElementCount) show(dialog);
    // Elsewhere: editing in place begins in the first field, or in the first that is wrong.
    const section = !dialog && document.querySelector('form[data-section]:not([data-begun])');
    if (section) {
      section.dataset.begun = '';
      const field = section.querySelector('[aria-invalid="true"]') || section.querySelector('input:not([type=hidden]), select, textarea');
      if (field) field.focus();
    }
  });
  // A page that is a form begins in its first wrong or required field.
  ky.each('form.ky-main-form', function (form) {
    const field = form.querySelector('[aria-invalid="true"]') || form.querySelector('input[required]');
    if (field && document.activeElement === document.body) field.focus();
  });
  ky.on('keydown', 'form[data-section]', function (event, form) {
    const cancel = form.querySelector('[data-cancel]');
    if (event.key === 'Escape' && !event.defaultPrevented && !event.isComposing && cancel) { event.preventDefault(); cancel.click(); }
  });

  ky.on('click', '[data-dialog]', function (event, button) {
    event.preventDefault();
    show(document.getElementById(button.dataset.dialog));
  });
  function close(dialog) { if (dialog && dialog.open) dialog.close(); }
  ky.on('click', '[data-close]', function (event, button) { event.preventDefault(); close(button.closest('dialog')); });
  ky.on('mousedown', 'dialog', function (event, dialog) {
    if (event.target !== dialog || dialog.querySelector('form[data-dirty]')) return;
    const box = dialog.getBoundingClientRect();
    if (event.clientX < box.left || event.clientX > box.right || event.clientY < box.top || event.clientY > box.bottom) close(dialog);
  });
  ky.on('close', 'dialog', function () { if (back && back.isConnected) back.focus(); back = null; });
  document.addEventListener('ky:close', function () { document.querySelectorAll('dialog[open]').forEach(close); });

  /* The confirming button waits for what the form requires. */
  function check(form) {
    form.querySelectorAll('[data-until-valid]').forEach(function (button) { button.disabled = !button.form.checkValidity(); });
  }
  ky.on('input change', 'form', function (event, form) { check(form); });
  ky.each('[data-until-valid]', function (button) { button.disabled = !button.form.checkValidity(); });
})();
