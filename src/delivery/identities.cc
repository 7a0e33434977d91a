#include "postrider/delivery/identities.h"

#include "postrider/audit/audit.h"
#include "postrider/base/log.h"
#include "postrider/contacts/email_address.h"
#include "postrider/delivery/provider_settings.h"
#include "sql/identities.h"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include <algorithm>

namespace postrider::delivery {

namespace {

StoredProvider read_provider(db::Row row) {
  StoredProvider p;
  p.id = row.id<ProviderId>(0);
  p.name = row.text(1);
  p.kind = row.text(2);
  p.settings = row.json(3).as_object();
  p.check_status = row.maybe_text(4);
  p.check_detail = row.maybe_text(5);
  p.checked_at = row.maybe_instant(6);
  p.created_at = row.instant(7);
  p.updated_at = row.instant(8);
  return p;
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
  return s;
}

boost::json::object described(StoredProvider const& p) {
  boost::json::object out;
  out["name"] = p.name;
  out["kind"] = p.kind;
  out["settings"] = p.settings;
  return out;
}

boost::json::object described(Sender const& s) {
  boost::json::object out;
  out["from_email"] = s.from_email;
  out["from_name"] = s.from_name;
  out["reply_to"] = s.reply_to ? boost::json::value(*s.reply_to) : boost::json::value(nullptr);
  out["provider_id"] = s.provider_id.str();
  out["verified"] = s.verified;
  return out;
}

crypto::SealedPlace place_of(TenantId tenant, ProviderId id) { return crypto::SealedPlace{tenant, "providers", "settings", id.uuid()}; }

// Splits off what must be sealed.
boost::json::object take_secrets(std::string_view kind, boost::json::object& settings) {
  boost::json::object secrets;
  for (auto const name : secret_settings(kind)) {
    if (auto const* const value = settings.if_contains(name)) {
      secrets[name] = *value;
      settings.erase(name);
    }
  }
  return secrets;
}

Result<void> check_kind(std::string_view kind, boost::json::object const& settings) {
  if (kind == "demo") return {};
  if (auto const good = check_settings(kind, settings); !good) return good.error();
  return {};
}

}  // namespace

Task<Result<StoredProvider>> Identities::create_provider(Context context, std::string provider_name, std::string kind, boost::json::object settings) {
  if (auto const good = check_kind(kind, settings); !good) co_return good.error();
  auto const id = ids_.make<ProviderId>();
  auto const now = clock_.now();
  auto const secrets = take_secrets(kind, settings);
  std::optional<std::string> sealed;
  if (!secrets.empty()) sealed = sealer_.seal(Secret(boost::json::serialize(secrets)), place_of(context.tenant, id));
  StoredProvider made{.id = id, .name = provider_name, .kind = kind, .settings = settings, .created_at = now, .updated_at = now};
  auto tx = co_await store_.begin();
  co_await tx.exec(sql::identities::insert_provider, context.tenant, id, provider_name, kind, settings, sealed, now);
  std::vector<audit::Entry> entries;
  entries.push_back(audit::Entry{"provider", id.uuid(), "created", audit::difference(boost::json::object(), described(made))});
  co_await audit::record(tx, context, std::move(entries), ids_, now);
  co_await tx.commit();
  co_return made;
}

Task<Result<boost::json::object>> Identities::open_settings(TenantId tenant, ProviderId id) {
  auto const row = co_await store_.maybe(sql::identities::provider, tenant, id);
  if (!row) co_return not_found("provider", id.str());
  auto settings = row->json(3).as_object();
  if (!row->is_null(9)) {
    auto const plain = sealer_.open(row->view(9), place_of(tenant, id));
    if (!plain) co_return plain.error();
    auto const secrets = boost::json::parse(plain->reveal());
    for (auto const& member : secrets.as_object()) settings[member.key()] = member.value();
  }
  co_return settings;
}

Task<Result<StoredProvider>> Identities::change_provider(Context context, ProviderId id, std::optional<std::string> provider_name,
                                                         std::optional<boost::json::object> settings) {
  auto const before = co_await find_provider(context.tenant, id);
  if (!before) co_return before.error();
  auto whole = co_await open_settings(context.tenant, id);
  if (!whole) co_return whole.error();
  if (settings)
    for (auto const& member : *settings) {
      if (member.value().is_null()) whole->erase(member.key());
      else (*whole)[member.key()] = member.value();
    }
  if (auto const good = check_kind(before->kind, *whole); !good) co_return good.error();
  auto const now = clock_.now();
  auto after = *before;
  if (provider_name) after.name = *provider_name;
  auto const secrets = take_secrets(before->kind, *whole);
  after.settings = *whole;
  after.updated_at = now;
  std::optional<std::string> sealed;
  if (!secrets.empty()) sealed = sealer_.seal(Secret(boost::json::serialize(secrets)), place_of(context.tenant, id));
  auto tx = co_await store_.begin();
  co_await tx.exec(sql::identities::update_provider, context.tenant, id, after.name, after.settings, sealed, now);
  std::vector<audit::Entry> entries;
  entries.push_back(audit::Entry{"provider", id.uuid(), "updated", audit::difference(described(*before), described(after))});
  co_await audit::record(tx, context, std::move(entries), ids_, now);
  co_await tx.commit();
  co_return after;
}

Task<Result<StoredProvider>> Identities::find_provider(TenantId tenant, ProviderId id) {
  auto const row = co_await store_.maybe(sql::identities::provider, tenant, id);
  if (!row) co_return not_found("provider", id.str());
  co_return read_provider(*row);
}

Task<std::vector<StoredProvider>> Identities::list_providers(TenantId tenant) {
  auto const rows = co_await store_.all(sql::identities::providers, tenant);
  std::vector<StoredProvider> all;
  for (auto const row : rows) all.push_back(read_provider(row));
  co_return all;
}

Task<Result<void>> Identities::remove_provider(Context context, ProviderId id) {
  auto const before = co_await find_provider(context.tenant, id);
  if (!before) co_return before.error();
  auto const now = clock_.now();
  auto tx = co_await store_.begin();
  auto const used = co_await tx.one(sql::identities::senders_of_provider, context.tenant, id);
  if (used.integer(0) > 0) co_return conflict("senders still use this provider; point them to another one first");
  co_await tx.exec(sql::identities::remove_provider, context.tenant, id, now);
  std::vector<audit::Entry> entries;
  entries.push_back(audit::Entry{"provider", id.uuid(), "deleted", audit::difference(described(*before), boost::json::object())});
  co_await audit::record(tx, context, std::move(entries), ids_, now);
  co_await tx.commit();
  co_return Result<void>();
}

Task<Result<CheckReport>> Identities::check_provider(Context context, ProviderId id) {
  auto const found = co_await find_provider(context.tenant, id);
  if (!found) co_return found.error();
  auto const provider = co_await live(context.tenant, id);
  if (!provider) co_return conflict("the provider's settings cannot be used; save them again");
  auto const report = co_await provider->check();
  std::string detail;
  for (auto const& item : report.items)
    if (!item.good) detail += (detail.empty() ? "" : "; ") + item.name + ": " + item.detail;
  co_await store_.exec(sql::identities::keep_check, context.tenant, id, report.good() ? "ok" : "failed", detail, clock_.now());
  co_return report;
}

Task<std::optional<ProviderOwner>> Identities::owner_of(ProviderId id) {
  auto const row = co_await store_.maybe(sql::identities::provider_owner, id);
  if (!row) co_return std::nullopt;
  ProviderOwner owner;
  owner.tenant = row->id<TenantId>(0);
  owner.kind = row->text(1);
  auto const settings = row->json(2);
  if (auto const* const key = settings.as_object().if_contains("webhook_public_key"); key && key->is_string()) owner.public_key = key->as_string().c_str();
  co_return owner;
}

Task<Result<Sender>> Identities::create_sender(Context context, SenderChange wanted) {
  if (!wanted.from_email) co_return invalid_field("/from_email", "required", "a sender needs from_email");
  if (!wanted.provider_id) co_return invalid_field("/provider_id", "required", "a sender needs the provider it sends through");
  Sender s;
  s.from_email = *wanted.from_email;
  s.from_name = wanted.from_name.value_or("");
  s.reply_to = wanted.reply_to.value_or(std::nullopt);
  s.provider_id = *wanted.provider_id;
  s.verified = wanted.verified.value_or(false);
  if (!contacts::parse_email(s.from_email)) co_return invalid_field("/from_email", "invalid_value", "from_email must be an e-mail address");
  if (s.reply_to && !contacts::parse_email(*s.reply_to)) co_return invalid_field("/reply_to", "invalid_value", "reply_to must be an e-mail address");
  if (auto const provider = co_await find_provider(context.tenant, s.provider_id); !provider)
    co_return invalid_field("/provider_id", "invalid_value", "there is no provider with this id");
  auto const now = clock_.now();
  s.id = ids_.make<SenderId>();
  s.created_at = s.updated_at = now;
  std::optional<Instant> verified_at;
  if (s.verified) verified_at = now;
  auto tx = co_await store_.begin();
  co_await tx.exec(sql::identities::insert_sender, context.tenant, s.id, s.from_email, s.from_name, s.reply_to, s.provider_id, s.verified, verified_at, now);
  std::vector<audit::Entry> entries;
  entries.push_back(audit::Entry{"sender", s.id.uuid(), "created", audit::difference(boost::json::object(), described(s))});
  co_await audit::record(tx, context, std::move(entries), ids_, now);
  co_await tx.commit();
  co_return s;
}

Task<Result<Sender>> Identities::change_sender(Context context, SenderId id, SenderChange change) {
  auto const before = co_await find_sender(context.tenant, id);
  if (!before) co_return before.error();
  auto s = *before;
  if (change.from_email) s.from_email = *change.from_email;
  if (change.from_name) s.from_name = *change.from_name;
  if (change.reply_to) s.reply_to = *change.reply_to;
  if (change.provider_id) s.provider_id = *change.provider_id;
  // Another address is another identity: it has to be verified anew.
  if (s.from_email != before->from_email) s.verified = false;
  if (change.verified) s.verified = *change.verified;
  if (!contacts::parse_email(s.from_email)) co_return invalid_field("/from_email", "invalid_value", "from_email must be an e-mail address");
  if (auto const provider = co_await find_provider(context.tenant, s.provider_id); !provider)
    co_return invalid_field("/provider_id", "invalid_value", "there is no provider with this id");
  auto const now = clock_.now();
  s.updated_at = now;
  std::optional<Instant> verified_at;
  if (s.verified) verified_at = now;
  auto tx = co_await store_.begin();
  co_await tx.exec(sql::identities::update_sender, context.tenant, id, s.from_email, s.from_name, s.reply_to, s.provider_id, s.verified, verified_at, now);
  std::vector<audit::Entry> entries;
  entries.push_back(audit::Entry{"sender", id.uuid(), "updated", audit::difference(described(*before), described(s))});
  co_await audit::record(tx, context, std::move(entries), ids_, now);
  co_await tx.commit();
  co_return s;
}

Task<Result<Sender>> Identities::find_sender(TenantId tenant, SenderId id) {
  auto const row = co_await store_.maybe(sql::identities::sender, tenant, id);
  if (!row) co_return not_found("sender", id.str());
  co_return read_sender(*row);
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
  auto const now = clock_.now();
  auto tx = co_await store_.begin();
  co_await tx.exec(sql::identities::remove_sender, context.tenant, id, now);
  std::vector<audit::Entry> entries;
  entries.push_back(audit::Entry{"sender", id.uuid(), "deleted", audit::difference(described(*before), boost::json::object())});
  co_await audit::record(tx, context, std::move(entries), ids_, now);
  co_await tx.commit();
  co_return Result<void>();
}

Task<std::shared_ptr<Provider>> Identities::live(TenantId tenant, ProviderId id) {
  auto const stored = co_await find_provider(tenant, id);
  if (!stored) co_return nullptr;
  if (auto const found = open_.find(id); found != open_.end() && found->second.version == stored->updated_at) co_return found->second.provider;
  std::shared_ptr<Provider> made;
  if (stored->kind == "demo") {
    made = make_demo_provider(store_, ids_, clock_);
  } else {
    auto const settings = co_await open_settings(tenant, id);
    if (!settings) co_return nullptr;
    auto provider = make_provider(stored->kind, *settings, ground_);
    if (!provider) {
      log::warn("provider_unusable", log::field("provider_id", id), log::field("error", provider.error().message));
      co_return nullptr;
    }
    made = std::move(*provider);
  }
  std::shared_ptr<Provider> old;
  if (auto const found = open_.find(id); found != open_.end()) old = found->second.provider;
  open_.insert_or_assign(id, Opened{made, stored->updated_at});
  if (old) co_await old->close();
  co_return made;
}

Task<void> Identities::close() {
  for (auto& [id, opened] : open_) co_await opened.provider->close();
  open_.clear();
}

namespace {

class DemoProvider : public Provider {
 public:
  DemoProvider(db::Store& store, Ids& ids, Clock const& clock) : store_(store), ids_(ids), clock_(clock) {}

  Capabilities capabilities() const override { return Capabilities{.channel = "email", .in_flight = 100}; }

  Task<std::vector<Outcome>> deliver(std::vector<Envelope> batch, HandOffObserver& observer) override {
    std::vector<Outcome> outcomes(batch.size());
    db::Columns rows(8);
    std::vector<std::size_t> taken;
    for (std::size_t i = 0; i < batch.size(); ++i) {
      auto const& envelope = batch[i];
      if (!observer.may_hand_off(envelope) || !observer.phase(envelope, Phase::begun, nullptr) || !observer.phase(envelope, Phase::dot, nullptr)) {
        observer.settled(i, outcomes[i]);
        continue;
      }
      auto const& letter = envelope.letter;
      rows.add(ids_.next(), envelope.id, letter.to.email, letter.from.email, letter.subject, letter.html, letter.text, letter.unsubscribe_url);
      taken.push_back(i);
    }
    if (!taken.empty()) {
      bool stored = true;
      try {
        co_await store_.all_on(db::Lane::sending, sql::identities::catch_mail, batch.front().tenant, clock_.now(), rows);
      } catch (db::Failure const&) {
        stored = false;
      }
      for (auto const i : taken) {
        outcomes[i].kind = stored ? OutcomeKind::accepted : OutcomeKind::temporary;
        outcomes[i].provider_message_id = stored ? "demo-" + batch[i].id.str() : "";
        outcomes[i].reply = stored ? "caught by the built-in inbox" : "the inbox could not be written";
        observer.phase(batch[i], Phase::replied, &outcomes[i]);
        observer.settled(i, outcomes[i]);
      }
    }
    co_return outcomes;
  }

  Task<CheckReport> check() override {
    CheckReport report;
    report.items.push_back(CheckItem{"inbox", true, "mail is kept in the built-in inbox and never leaves"});
    co_return report;
  }

  Task<void> close() override { co_return; }

 private:
  db::Store& store_;
  Ids& ids_;
  Clock const& clock_;
};

}  // namespace

std::unique_ptr<Provider> make_demo_provider(db::Store& store, Ids& ids, Clock const& clock) { return std::make_unique<DemoProvider>(store, ids, clock); }

Task<std::vector<InboxMail>> demo_inbox(db::Store& store, TenantId tenant, std::optional<Uuid> before, int limit) {
  auto const last = before.value_or(*Uuid::parse("ffffffff-ffff-ffff-ffff-ffffffffffff"));
  auto const rows = co_await store.all(sql::identities::inbox, tenant, last, limit);
  std::vector<InboxMail> all;
  for (auto const row : rows)
    all.push_back(InboxMail{row.uuid(0), row.text(1), row.text(2), row.text(3), row.text(4), row.text(5), row.text(6), row.instant(7)});
  co_return all;
}

}  // namespace postrider::delivery
