from django.contrib import admin

from .models import Note, Order


@admin.register(Order)
class OrderAdmin(admin.ModelAdmin):
    list_display = ["number", "customer", "product", "quantity", "status", "total", "created_at"]
    list_editable = ["status"]
    list_filter = ["status", "product"]
    search_fields = ["number", "customer"]


@admin.register(Note)
class NoteAdmin(admin.ModelAdmin):
    list_display = ["text", "author", "recipient", "created_at"]
