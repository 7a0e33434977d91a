#include "postrider/consent/double_opt_in.h"

#include "postrider/consent/suppression.h"
#include "sql/consent.h"

namespace postrider::consent {

namespace {

constexpr auto between_mails = std::chrono::minutes(5);
constexpr std::size_t mails_a_day = 5;

OptIn read_opt_in(db::Row row) {
  OptIn o;
  o.id = row.uuid(0);
  o.contact_id = row.id<ContactId>(1);
  o.channel = row.text(2);
  o.consent_type = row.text(3);
  o.source = row.maybe_text(4);
  o.requested_at = row.instant(5);
  o.expires_at = row.instant(6);
  o.confirmed_at = row.maybe_instant(7);
  return o;
}

Error too_soon(Duration wait) {
  auto const seconds = static_cast<int>(std::chrono::ceil<std::chrono::seconds>(wait).count());
  return Error{.code = Code::paced, .message = "this person was asked by mail only just now; ask again later", .retry_after_seconds = seconds};
}

}  // namespace

Task<Result<OptIn>> ask(db::Transaction& tx, Context context, ContactId contact, std::string channel, std::string type, Proof proof, Duration valid_for,
                        Ids& ids, Instant now) {
  if (auto const known = check_kind(channel, type); !known) co_return known.error();
  if (channel != "email") co_return invalid("only consent for e-mail can be confirmed by mail");
  auto const person = co_await tx.maybe(sql::consent::lock_contact, context.tenant, contact);
  if (!person) co_return not_found("contact", contact.str());
  if (person->is_null(0)) co_return invalid("this contact has no e-mail address: add one first");
  OptIn opt_in;
  opt_in.id = ids.next();
  opt_in.contact_id = contact;
  opt_in.channel = channel;
  opt_in.consent_type = type;
  opt_in.source = proof.source;
  opt_in.requested_at = now;
  opt_in.expires_at = now + valid_for;
  auto const before = co_await tx.maybe(sql::consent::find_for_change, context.tenant, contact, channel, type);
  if (before && before->text(4) == "granted" && (before->is_null(10) || before->instant(10) > now)) {
    opt_in.confirmed_at = before->maybe_instant(8).value_or(now);
    co_return opt_in;
  }
  auto const recent = co_await tx.all(sql::consent::recent_requests, context.tenant, contact, channel, type, now - std::chrono::hours(24));
  if (!recent.empty() && recent[0].instant(0) > now - between_mails) co_return too_soon(recent[0].instant(0) + between_mails - now);
  if (recent.size() >= mails_a_day) co_return too_soon(recent[recent.size() - 1].instant(0) + std::chrono::hours(24) - now);
  co_await tx.exec(sql::consent::insert_request, context.tenant, opt_in.id, contact, channel, type, proof.source, now, opt_in.expires_at, std::nullopt);
  proof.status = "pending";
  auto const pending = co_await set(tx, context, contact, channel, type, std::move(proof), ids, now);
  if (!pending) co_return pending.error();
  co_return opt_in;
}

Task<OptInState> state(db::Session& session, TenantId tenant, Uuid id, Instant now) {
  OptInState out;
  auto const row = co_await session.maybe(sql::consent::request, tenant, id);
  if (!row) co_return out;
  out.opt_in = read_opt_in(*row);
  auto const status = row->is_null(8) ? std::string() : row->text(8);
  if (status == "granted") out.confirmation = Confirmation::confirmed;
  else if (out.opt_in.expires_at <= now) out.confirmation = Confirmation::expired;
  else out.confirmation = status == "pending" ? Confirmation::possible : Confirmation::withdrawn;
  co_return out;
}

Task<OptInState> confirm(db::Transaction& tx, Context context, Uuid id, std::string text_shown, Ids& ids, Instant now) {
  auto found = co_await state(tx, context.tenant, id, now);
  if (found.confirmation != Confirmation::possible) co_return found;
  auto& opt_in = found.opt_in;
  // Two presses of the button at once: the second waits here, and then finds it confirmed.
  co_await tx.maybe(sql::consent::lock_contact, context.tenant, opt_in.contact_id);
  auto const first = co_await tx.exec(sql::consent::request_confirmed, context.tenant, id, now);
  auto const status = co_await tx.maybe(sql::consent::find_for_change, context.tenant, opt_in.contact_id, opt_in.channel, opt_in.consent_type);
  if (first == 0 || !status || status->text(4) != "pending") co_return co_await state(tx, context.tenant, id, now);
  Proof proof;
  proof.status = "granted";
  proof.source = opt_in.source ? "double_opt_in: " + *opt_in.source : std::string("double_opt_in");
  proof.ip_address = context.ip_address;
  proof.user_agent = context.user_agent;
  proof.text_shown = std::move(text_shown);
  auto const granted = co_await set(tx, context, opt_in.contact_id, opt_in.channel, opt_in.consent_type, std::move(proof), ids, now);
  if (!granted) co_return OptInState();
  if (opt_in.consent_type == "marketing") co_await lift_unsubscribe(tx, context, opt_in.contact_id, ids, now);
  opt_in.confirmed_at = now;
  found.confirmation = Confirmation::confirmed;
  co_return found;
}

}  // namespace postrider::consent
