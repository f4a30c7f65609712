"""Calls to and from debtors, and what becomes known of them."""

from __future__ import annotations

from datetime import timedelta

import shared.ids
from contact_rules.domain import Channel, Direction, Fact, FactKind, Form
from contact_rules.domain import Outcome as Came
from contact_rules.domain.recording import ContactRefused, ToldContact, contact_id
from contact_rules.domain.told import Ended, Told
from contact_rules.handlers.record_contacts import record_contacts
from contact_rules.handlers.record_facts import record_fact, withdraw
from contact_rules.store import facts
from sqlmodel import Session

from year.everybody import TAIPEI, Everybody


class Debtors(Everybody):
    """What reaches contact-rules beside visits."""

    def _call_the_debtor(self) -> None:
        """A dialler tells of a call, today's or one it forgot; also of what the debtor said."""
        debt = self.house.random.choice(self.debts)
        ago = timedelta(minutes=self.house.random.choice((1, 5, 60, 60 * 24 * 4)))
        self.calls += 1
        external_id = f"{self.seed}-{self.calls}"
        told = ToldContact(
            contact_id=contact_id(debt.lender, external_id),
            external_id=external_id,
            lender=debt.lender,
            said=external_id,
            told_by="dialler",
            channel=Channel.PHONE,
            direction=self.house.random.choice(list(Direction)),
            starts_at=(self.house.now - ago).replace(microsecond=0),
            person_id=debt.person_id,
            outcome=self.house.random.choice((Came.CONVERSATION, Came.NO_ANSWER)),
        )
        self._note(f"call {debt.lender} {debt.external_id} {told.direction} {told.outcome}")

        def tell(session: Session) -> None:
            (answer,) = record_contacts(
                session, [told], self.house.now, desk=self.house.rules.desk(), any_person=True
            )
            if isinstance(answer, ContactRefused):
                self._note(f"  refused: {answer.code}")

        self.house.does(self.house.rules, tell)

    def _tell_a_fact(self) -> None:
        debt = self.house.random.choice(self.debts)
        kind = self.house.random.choice((FactKind.CEASE, FactKind.DISPUTE, FactKind.HOSPITAL))
        today = self.house.now.astimezone(TAIPEI).date()
        until = today + timedelta(days=self.house.random.randint(0, 20))
        self._note(f"fact {kind} of {debt.lender} {debt.external_id} until {until}")

        def tell(session: Session) -> None:
            assert debt.person_id is not None
            told = Told(
                id=shared.ids.new_id(),
                person_id=debt.person_id,
                said=Fact(kind, since=today, until=until, form=Form.WRITTEN),
                lender=None if kind is FactKind.HOSPITAL else debt.lender,
                told_by="compliance",
                occurred_at=self.house.now,
                recorded_at=self.house.now,
            )
            record_fact(session, told, self.house.now, desk=self.house.rules.desk())
            self.facts.append(told.id)

        self.house.does(self.house.rules, tell)

    def _take_a_fact_back(self) -> None:
        if not self.facts:
            return
        fact = self.facts.pop()
        self._note(f"withdraw {fact}")

        def take_back(session: Session) -> None:
            kept = facts.find(session, fact)
            if kept is not None and kept.ended is None:
                now = self.house.now
                end = Ended(shared.ids.new_id(), "mistaken", "compliance", now, now, fact_id=fact)
                withdraw(session, kept, end, self.house.now, desk=self.house.rules.desk())

        self.house.does(self.house.rules, take_back)
