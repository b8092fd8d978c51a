from django import forms

from .models import PRICES, Order, Product


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
