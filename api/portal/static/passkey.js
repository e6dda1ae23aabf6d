"use strict";
// Asks an authenticator for what the form of this page holds, puts the answer into the form and
// sends it. Nothing is fetched and nothing is kept; without this script the page says how to go on.
(() => {
  const form = document.querySelector("form[data-options]");
  if (!form) return;
  const show = (name) => {
    for (const one of document.querySelectorAll("[data-told]")) {
      one.hidden = one.dataset.told !== name;
    }
  };
  show("");
  if (!window.PublicKeyCredential || !navigator.credentials) {
    show("unable");
    return;
  }
  const bytes = (text) =>
    Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (one) => one.charCodeAt(0));
  const text = (buffer) =>
    btoa(String.fromCharCode(...new Uint8Array(buffer)))
      .replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  const named = (list) => (list || []).map((one) => ({ ...one, id: bytes(one.id) }));
  const asked = JSON.parse(form.dataset.options);
  const making = Boolean(asked.user);
  const button = form.querySelector("[data-go]");

  const ask = () => {
    const challenge = bytes(asked.challenge);
    if (!making) {
      const allowCredentials = named(asked.allowCredentials);
      return navigator.credentials.get({ publicKey: { ...asked, challenge, allowCredentials } });
    }
    const user = { ...asked.user, id: bytes(asked.user.id) };
    const excludeCredentials = named(asked.excludeCredentials);
    return navigator.credentials.create({
      publicKey: { ...asked, challenge, user, excludeCredentials },
    });
  };
  const plain = (found) => {
    const response = { clientDataJSON: text(found.response.clientDataJSON) };
    for (const name of ["attestationObject", "authenticatorData", "signature", "userHandle"]) {
      if (found.response[name]) response[name] = text(found.response[name]);
    }
    return { id: found.id, rawId: text(found.rawId), type: found.type, response };
  };

  button.hidden = false;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (button.disabled) return;
    button.disabled = true;
    show("waiting");
    try {
      form.elements.answer.value = JSON.stringify(plain(await ask()));
    } catch (error) {
      show(error.name === "InvalidStateError" ? "known" : "failed");
      button.disabled = false;
      return;
    }
    form.submit();
  });
})();
