// The demo's sign-in page: choosing a person fills the form.
document.addEventListener("click", (event) => {
  const person = event.target.closest?.("[data-person]");
  if (!person) return;
  document.getElementById("id_username").value = person.dataset.person;
  const password = document.getElementById("id_password");
  if (person.dataset.word) password.value = person.dataset.word;
  password.form.requestSubmit();
});
