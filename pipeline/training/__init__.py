"""The one training loop and what each network is trained on."""
