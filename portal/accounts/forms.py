from django import forms

from portal.accounts.types import Purpose


class SignInForm(forms.Form):
    username = forms.CharField(
        max_length=150,
        widget=forms.TextInput(
            attrs={"class": "input", "autocomplete": "username", "autocapitalize": "none", "autofocus": True}
        ),
    )
    password = forms.CharField(
        max_length=500,
        strip=False,
        widget=forms.PasswordInput(attrs={"class": "input", "autocomplete": "current-password"}),
    )


class PurposeForm(forms.Form):
    purpose = forms.ChoiceField(choices=[(purpose.value, purpose.label) for purpose in Purpose])


class TokenForm(forms.Form):
    name = forms.CharField(
        max_length=100,
        label="What is it for?",
        widget=forms.TextInput(attrs={"class": "input", "placeholder": "nightly report", "autocomplete": "off"}),
    )
    days = forms.TypedChoiceField(
        coerce=int,
        choices=[(7, "7 days"), (30, "30 days"), (90, "90 days"), (365, "1 year")],
        initial=90,
        label="Ends after",
        widget=forms.Select(attrs={"class": "input"}),
    )
