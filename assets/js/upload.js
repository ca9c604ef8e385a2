/* Files: dropped or chosen, each sent by itself with its progress. */
(function () {
  'use strict';
  function send(drop, list, file) {
    const max = Number(drop.dataset.max || 0);
    const item = ky.make('li');
    const state = ky.make('span', 'ky-mute', '0%');
    const bar = ky.make('progress');
    bar.max = 100;
    bar.value = 0;
    bar.setAttribute('aria-label', file.name);
    item.append(ky.make('span', 'ky-clip', file.name), state, bar);
    list.append(item);

    function fail(reason) {
      const again = ky.make('button', 'ky-btn is-tiny is-text', ky.text('重试', 'Retry'));
      again.type = 'button';
      again.addEventListener('click', function () { item.remove(); send(drop, list, file).then(done); });
      bar.remove();
      state.className = 'is-bad';
      state.textContent = reason + ' ';
      state.append(again);
      return false;
    }
    if (max && file.size > max) return Promise.resolve(fail(ky.text('文件超过 ', 'Larger than ') + Math.round(max / 1048576) + ' MB'));

    return new Promise(function (resolve) {
      const request = new XMLHttpRequest();
      const body = new FormData();
      body.append('file', file);
      request.open('POST', drop.dataset.action);
      const headers = ky.headers();
      Object.keys(headers).forEach(function (name) { request.setRequestHeader(name, headers[name]); });
      request.upload.addEventListener('progress', function (event) {
        if (!event.lengthComputable) return;
        bar.value = event.loaded / event.total * 100;
        state.textContent = Math.round(bar.value) + '%';
      });
      request.addEventListener('load', function () {
        if (request.status < 400) {
          item.remove();
          const to = request.getResponseHeader('HX-Redirect');
          if (to) location.assign(to);
          resolve(!to);
        } else resolve(fail(request.getResponseHeader('content-type') === 'text/plain; charset=utf-8' ? request.responseText.slice(0, 200) : ky.text('没有传上去', 'Not uploaded')));
      });
      request.addEventListener('error', function () { resolve(fail(ky.text('连接中断', 'Connection lost'))); });
      request.send(body);
    });
  }

  function done(fine) { if (fine) document.dispatchEvent(new CustomEvent('ky:refresh')); }

  function take(drop, files) {
    let list = drop.parentElement.querySelector('.ky-uploads');
    if (!list) { list = ky.make('ul', 'ky-uploads'); drop.after(list); }
    // One after the other: a phone's line is thin, and the server should not hold twenty at once.
    Array.from(files).reduce(function (before, file) {
      return before.then(function (fine) { return send(drop, list, file).then(function (ok) { return fine && ok; }); });
    }, Promise.resolve(true)).then(done);
  }

  ky.on('change', '[data-drop] input[type="file"]', function (event, input) {
    take(input.closest('[data-drop]'), input.files);
    input.value = '';
  });
  ky.on('dragover', '[data-drop]', function (event, drop) { event.preventDefault(); drop.classList.add('is-over'); });
  ky.on('dragleave', '[data-drop]', function (event, drop) { drop.classList.remove('is-over'); });
  ky.on('drop', '[data-drop]', function (event, drop) {
    event.preventDefault();
    drop.classList.remove('is-over');
    take(drop, event.dataTransfer.files);
  });
})();
