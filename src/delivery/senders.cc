#include "postrider/audit/audit.h"
#include "postrider/base/log.h"
#include "postrider/base/offload.h"
#include "postrider/contacts/email_address.h"
#include "postrider/crypto/private_key.h"
#include "postrider/delivery/dkim.h"
#include "postrider/delivery/identities.h"
#include "sql/identities.h"

#include <boost/json/value.hpp>

#include <algorithm>

namespace postrider::delivery {

namespace {

std::string domain_of(std::string const& address) { return address.substr(address.rfind('@') + 1); }

SenderDkim read_dkim(boost::json::object const& json) {
  auto text = [&json](char const* key) { return std::string(json.at(key).as_string()); };
  return SenderDkim{text("domain"), text("selector"), text("record_name"), text("record_text"), *parse_instant(text("created_at"))};
}

boost::json::object written(SenderDkim const& dkim) {
  boost::json::object out;
  out["domain"] = dkim.domain;
  out["selector"] = dkim.selector;
  out["record_name"] = dkim.record_name;
  out["record_text"] = dkim.record_text;
  out["created_at"] = to_text(dkim.created_at);
  return out;
}

Sender read_sender(db::Row row) {
  Sender s;
  s.id = row.id<SenderId>(0);
  s.from_email = row.text(1);
  s.from_name = row.text(2);
  s.reply_to = row.maybe_text(3);
  s.provider_id = row.id<ProviderId>(4);
  s.verified = row.boolean(5);
  s.created_at = row.instant(6);
  s.updated_at = row.instant(7);
  s.verified_at = row.maybe_instant(8);
  if (!row.is_null(9)) s.dkim = read_dkim(row.json(9).as_object());
  return s;
}

boost::json::object described(Sender const& s) {
  boost::json::object out;
  out["from_email"] = s.from_email;
  out["from_name"] = s.from_name;
  out["reply_to"] = s.reply_to ? boost::json::value(*s.reply_to) : boost::json::value(nullptr);
  out["provider_id"] = s.provider_id.str();
  out["verified"] = s.verified;
  out["dkim_selector"] = s.dkim ? boost::json::value(s.dkim->selector) : boost::json::value(nullptr);
  return out;
}

Result<void> check_fields(Sender const& s) {
  std::vector<FieldError> mistakes;
  if (!contacts::parse_email(s.from_email)) mistakes.push_back(FieldError{"/from_email", "invalid_value", "from_email must be an e-mail address like news@example.com"});
  if (s.reply_to && !contacts::parse_email(*s.reply_to)) mistakes.push_back(FieldError{"/reply_to", "invalid_value", "reply_to must be an e-mail address like help@example.com"});
  auto const control = std::ranges::any_of(s.from_name, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; });
  if (control) mistakes.push_back(FieldError{"/from_name", "invalid_value", "from_name must be one line without control characters"});
  if (!mistakes.empty()) return invalid("the sender cannot be saved: " + mistakes.front().message, mistakes);
  return {};
}

crypto::SealedPlace key_place(TenantId tenant, SenderId id) { return crypto::SealedPlace{tenant, "sender_identities", "dkim_key", id.uuid()}; }

bool is_selector(std::string_view text) {
  auto good = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; };
  return !text.empty() && text.size() <= 63 && std::ranges::all_of(text, good) && text.front() != '-' && text.back() != '-';
}

}  // namespace

Task<Result<Sender>> Identities::create_sender(Context context, SenderChange wanted) {
  if (!wanted.from_email) co_return invalid_field("/from_email", "required", "a sender needs from_email");
  if (!wanted.provider_id) co_return invalid_field("/provider_id", "required", "a sender needs the provider it sends through");
  Sender s;
  s.from_email = *wanted.from_email;
  s.from_name = wanted.from_name.value_or("");
  s.reply_to = wanted.reply_to.value_or(std::nullopt);
  s.provider_id = *wanted.provider_id;
  s.verified = wanted.verified.value_or(false);
  if (auto const good = check_fields(s); !good) co_return good.error();
  if (auto const provider = co_await find_provider(context.tenant, s.provider_id); !provider)
    co_return invalid_field("/provider_id", "invalid_value", "there is no provider with this id");
  auto const now = clock_.now();
  s.id = ids_.make<SenderId>();
  s.created_at = s.updated_at = now;
  if (s.verified) s.verified_at = now;
  auto tx = co_await store_.begin();
  co_await tx.exec(sql::identities::insert_sender, context.tenant, s.id, s.from_email, s.from_name, s.reply_to, s.provider_id, s.verified, s.verified_at, now);
  std::vector<audit::Entry> entries;
  entries.push_back(audit::Entry{"sender", s.id.uuid(), "created", audit::difference(boost::json::object(), described(s))});
  co_await audit::record(tx, context, std::move(entries), ids_, now);
  co_await tx.commit();
  co_return s;
}

Task<Result<Identities::StoredSender>> Identities::stored_sender(TenantId tenant, SenderId id) {
  auto const row = co_await store_.maybe(sql::identities::sender, tenant, id);
  if (!row) co_return not_found("sender", id.str());
  StoredSender stored;
  stored.sender = read_sender(*row);
  stored.sealed_key = row->maybe_text(10);
  co_return stored;
}

Task<Result<Sender>> Identities::save_sender(Context context, StoredSender before, StoredSender after, char const* action) {
  auto& s = after.sender;
  auto const now = clock_.now();
  s.updated_at = std::max(now, before.sender.updated_at + Duration(1));
  if (!s.verified) s.verified_at.reset();
  else if (!s.verified_at) s.verified_at = now;
  std::optional<boost::json::object> dkim;
  if (s.dkim) dkim = written(*s.dkim);
  auto tx = co_await store_.begin();
  auto const moved = co_await tx.exec(sql::identities::update_sender, context.tenant, s.id, s.from_email, s.from_name, s.reply_to, s.provider_id, s.verified, s.verified_at,
                                      dkim, after.sealed_key, s.updated_at, before.sender.updated_at);
  if (moved == 0) co_return Error(Code::precondition, "the sender was changed meanwhile: read it again, then repeat your change");
  std::vector<audit::Entry> entries;
  entries.push_back(audit::Entry{"sender", s.id.uuid(), action, audit::difference(described(before.sender), described(s))});
  co_await audit::record(tx, context, std::move(entries), ids_, now);
  co_await tx.commit();
  co_return s;
}

Task<Result<Sender>> Identities::change_sender(Context context, SenderId id, SenderChange change, std::optional<Instant> expected) {
  auto const before = co_await stored_sender(context.tenant, id);
  if (!before) co_return before.error();
  if (expected && *expected != before->sender.updated_at)
    co_return Error(Code::precondition, "the sender was changed meanwhile: read it again, then repeat your change");
  auto after = *before;
  auto& s = after.sender;
  if (change.from_email) s.from_email = *change.from_email;
  if (change.from_name) s.from_name = *change.from_name;
  if (change.reply_to) s.reply_to = *change.reply_to;
  if (change.provider_id) s.provider_id = *change.provider_id;
  if (s.from_email != before->sender.from_email) s.verified = false;
  if (change.verified) s.verified = *change.verified;
  if (auto const good = check_fields(s); !good) co_return good.error();
  if (s.dkim && s.dkim->domain != domain_of(s.from_email)) {
    s.dkim.reset();
    after.sealed_key.reset();
  }
  if (auto const provider = co_await find_provider(context.tenant, s.provider_id); !provider)
    co_return invalid_field("/provider_id", "invalid_value", "there is no provider with this id");
  co_return co_await save_sender(context, *before, std::move(after), "updated");
}

Task<Result<Sender>> Identities::find_sender(TenantId tenant, SenderId id) {
  auto const stored = co_await stored_sender(tenant, id);
  if (!stored) co_return stored.error();
  co_return stored->sender;
}

Task<std::vector<Sender>> Identities::list_senders(TenantId tenant) {
  auto const rows = co_await store_.all(sql::identities::senders, tenant);
  std::vector<Sender> all;
  for (auto const row : rows) all.push_back(read_sender(row));
  co_return all;
}

Task<Result<void>> Identities::remove_sender(Context context, SenderId id) {
  auto const before = co_await find_sender(context.tenant, id);
  if (!before) co_return before.error();
  std::string waiting;
  for (auto const row : co_await store_.all(sql::identities::campaigns_of_sender, context.tenant, id)) waiting += (waiting.empty() ? "" : ", ") + row.text(0);
  if (!waiting.empty()) co_return conflict("campaigns are still to be sent in this sender's name: " + waiting + "; give them another one first");
  auto const now = clock_.now();
  auto tx = co_await store_.begin();
  co_await tx.exec(sql::identities::remove_sender, context.tenant, id, now);
  std::vector<audit::Entry> entries;
  entries.push_back(audit::Entry{"sender", id.uuid(), "deleted", audit::difference(described(*before), boost::json::object())});
  co_await audit::record(tx, context, std::move(entries), ids_, now);
  co_await tx.commit();
  co_return Result<void>();
}

Task<Result<Sender>> Identities::make_dkim_key(Context context, SenderId id, std::optional<std::string> selector) {
  auto const before = co_await stored_sender(context.tenant, id);
  if (!before) co_return before.error();
  auto const now = clock_.now();
  // A new selector each time, so that the old record can stay until no mail signed with it is on its way.
  auto const days = std::chrono::floor<std::chrono::days>(now).time_since_epoch().count();
  auto const chosen = selector.value_or("pr" + std::to_string(days) + (before->sender.dkim ? "-" + id.str().substr(32) : ""));
  if (!is_selector(chosen)) co_return invalid_field("/selector", "invalid_value", "a selector is 1 to 63 small letters, digits and hyphens");
  std::function<Secret()> generate = [] { return crypto::PrivateKey::generate(crypto::PrivateKey::Kind::rsa).to_pem(); };
  auto const pem = co_await ground_.offload.run(std::move(generate));
  auto const domain = domain_of(before->sender.from_email);
  DkimKey const key{chosen, pem};
  auto const record = dkim_record(domain, key);
  if (!record) co_return record.error();
  auto after = *before;
  after.sender.dkim = SenderDkim{domain, chosen, record->name, record->text, now};
  after.sealed_key = sealer_.seal(pem, key_place(context.tenant, id));
  co_return co_await save_sender(context, *before, std::move(after), "dkim_key_made");
}

Task<Result<Sender>> Identities::remove_dkim_key(Context context, SenderId id) {
  auto const before = co_await stored_sender(context.tenant, id);
  if (!before) co_return before.error();
  auto after = *before;
  after.sender.dkim.reset();
  after.sealed_key.reset();
  co_return co_await save_sender(context, *before, std::move(after), "dkim_key_removed");
}

Task<std::shared_ptr<DkimSigner const>> Identities::signer(TenantId tenant, SenderId id) {
  auto const stored = co_await stored_sender(tenant, id);
  if (!stored || !stored->sender.dkim || !stored->sealed_key) co_return nullptr;
  if (auto const found = signers_.find(id); found != signers_.end() && found->second.version == stored->sender.updated_at) co_return found->second.signer;
  auto const pem = sealer_.open(*stored->sealed_key, key_place(tenant, id));
  if (!pem) {
    log::warn("dkim_key_unreadable", log::field("sender_id", id), log::field("error", pem.error().message));
    co_return nullptr;
  }
  std::vector<DkimKey> keys;
  keys.push_back(DkimKey{stored->sender.dkim->selector, *pem});
  auto const made = DkimSigner::create(stored->sender.dkim->domain, keys);
  if (!made) {
    log::warn("dkim_key_unusable", log::field("sender_id", id), log::field("error", made.error().message));
    co_return nullptr;
  }
  signers_.insert_or_assign(id, Signing(*made, stored->sender.updated_at));
  co_return *made;
}

}  // namespace postrider::delivery
