from django import forms
from django.contrib.auth import get_user_model

from .models import PRICES, Note, Order, Product


class OrderForm(forms.ModelForm):
    """A plain Django form. It knows nothing of live pages, and need not."""

    class Meta:
        model = Order
        fields = ["customer", "product", "quantity"]

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.fields["customer"].widget.attrs.update(autocomplete="off", placeholder="Ada")
        self.fields["product"].choices = [
            (product.value, f"{product.label} · €{PRICES[product]}") for product in Product
        ]
        self.fields["quantity"].widget.attrs.update(min=1, max=99, inputmode="numeric")


class NoteForm(forms.ModelForm):
    class Meta:
        model = Note
        fields = ["recipient", "text"]

    def __init__(self, *args, author, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.instance.author = author
        others = get_user_model().objects.exclude(pk=author.pk).exclude(first_name="")
        recipient = self.fields["recipient"]
        recipient.queryset = others.order_by("first_name")
        recipient.label = "To"
        recipient.empty_label = "Everyone"
        recipient.label_from_instance = lambda user: user.get_short_name()
        self.fields["text"].label = "Note"
        self.fields["text"].widget.attrs.update(autocomplete="off", placeholder="Out of filters!")
