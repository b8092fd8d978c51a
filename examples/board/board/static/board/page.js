// Parts of the page that know nothing of orders: the connection's lamp, toasts, forms.

const connectionWords = {
  idle: ['off', 'Not live'],
  connecting: ['waiting', 'Connecting…'],
  connected: ['live', 'Live'],
  waiting: ['lost', 'Connection lost, trying again…'],
  closed: ['off', 'Not live'],
};

/** Show the state of the connection to the gateway. */
export function showConnection(place, state) {
  const { name, attempt } = state;
  // While it tries again and again the words stay: they are read aloud at each change.
  const [lamp, words] =
    connectionWords[name === 'connecting' && attempt > 1 ? 'waiting' : name];
  place.dataset.state = lamp;
  const text = place.querySelector('.words');
  if (text.textContent !== words) text.textContent = words;
}

/** Show which client this is: all tabs of one login are the same. */
export function showClient(place, client) {
  place.textContent = client.slice(0, 8);
  place.title = client;
}

/** Say something for a few seconds. */
export function toast(words) {
  const place = document.getElementById('toasts');
  const made = document.createElement('p');
  made.className = 'toast';
  made.textContent = words;
  place.append(made);
  setTimeout(() => {
    made.classList.add('leaving');
    setTimeout(() => made.remove(), 350);
  }, 4000);
}

/** Post `form` without leaving the page, and show its errors beside the fields. */
export function submitInPlace(form, { done = () => {} }) {
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    const button = event.submitter;
    const body = new FormData(form, button);
    if (button) button.disabled = true;
    try {
      const response = await fetch(form.action, {
        method: 'POST',
        body,
        headers: { accept: 'application/json' },
      });
      const answer = await response.json();
      showErrors(form, answer.errors ?? {});
      if (response.ok) done(form, answer);
    } catch (error) {
      toast('That did not work: the web application did not answer as it should.');
      console.warn('board: a form could not be posted', error);
    } finally {
      if (button) button.disabled = false;
    }
  });
}

function showErrors(form, errors) {
  for (const place of form.querySelectorAll('[data-error]')) {
    const said = errors[place.dataset.error] ?? [];
    place.textContent = said.join(' ');
  }
}
