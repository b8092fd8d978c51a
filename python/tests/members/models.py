"""Users of another kind: known by their address, with a UUID, without permissions."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models


class Members(BaseUserManager["Member"]):
    def create_user(self, address: str, password: str, **values: Any) -> Member:
        member = self.model(address=address, **values)
        member.set_password(password)
        member.save()
        return member


class Member(AbstractBaseUser):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    address = models.EmailField(unique=True)
    nickname = models.CharField(max_length=20, default="")

    USERNAME_FIELD = "address"
    objects = Members()
