from django.urls import path

from portal.accounts import views

app_name = "accounts"
urlpatterns = [
    path("sign-in/", views.sign_in_page, name="sign-in"),
    path("sign-out/", views.sign_out_action, name="sign-out"),
    path("account/purpose/", views.choose_purpose, name="purpose"),
    path("account/tokens/", views.tokens, name="tokens"),
    path("account/tokens/create/", views.create_token, name="create-token"),
    path("account/tokens/<int:token_id>/revoke/", views.revoke_token, name="revoke-token"),
]
