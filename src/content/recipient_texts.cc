#include "postrider/content/recipient_texts.h"

#include <array>
#include <cctype>

namespace postrider::content {

namespace {

constexpr std::array texts{
    RecipientTexts{
        .language = "en",
        .broken_title = "This link does not work",
        .broken_lead = "It may have been shortened or changed on its way. Please use the link in the original mail.",
        .unsubscribe_title = "Unsubscribe",
        .unsubscribe_lead = "Press the button, and {address} will get no more news and offers from {brand}.",
        .unsubscribe_button = "Unsubscribe",
        .to_preferences = "Choose what you want to get instead",
        .unsubscribed_title = "You are unsubscribed",
        .unsubscribed_lead = "It has taken effect: {address} will get no more news and offers from {brand}.",
        .undo_hint = "Was that a mistake?",
        .undo_button = "Subscribe again",
        .resubscribed_title = "You are subscribed again",
        .resubscribed_lead = "{address} will go on getting news and offers from {brand}.",
        .preferences_title = "Your preferences",
        .preferences_lead = "These are the settings of {address} for {brand}.",
        .preferences_legend = "I want to get news and offers by",
        .email_label = "E-mail",
        .sms_label = "Text message",
        .push_label = "Push notification",
        .save_button = "Save",
        .none_button = "Nothing any more",
        .saved_title = "Saved",
        .saved_some = "Your choice has taken effect.",
        .saved_none = "It has taken effect: you will get no more news and offers from {brand}.",
        .back_to_preferences = "Back to your preferences",
        .blocked_lead = "Mail to this address is blocked, since it came back or was reported. Please write to {brand} if you want to get mail again.",
        .confirm_title = "Please confirm",
        .confirm_consent = "Yes, I want {brand} to send me news and offers by e-mail to {address}. I can take this back at any time.",
        .confirm_button = "Confirm",
        .confirm_ignore = "If you have not asked for this, simply close this page: nothing happens without the button.",
        .confirmed_title = "Thank you",
        .confirmed_lead = "Your subscription is confirmed. You can leave at any time through the link in every mail.",
        .expired_title = "This link has expired",
        .expired_lead = "It was valid for some days only. You can have a new one sent to you.",
        .withdrawn_lead = "You have unsubscribed since this link was sent. You can have a new one sent to you.",
        .again_button = "Send me a new link",
        .again_title = "Look into your mailbox",
        .again_lead = "A new link is on its way to {address}.",
        .too_soon_lead = "We have sent you a link only just now. Please look into your mailbox, also among unwanted mail, and try again later.",
        .mail_subject = "Please confirm your subscription to {brand}",
        .mail_lead = "Somebody, hopefully you, wants {brand} to send news and offers to this address. Please confirm that it was you:",
        .mail_button = "Confirm subscription",
        .mail_expiry = "The link is valid until {time}.",
        .mail_ignore = "If it was not you, simply ignore this mail: nothing will be sent to you."},
    RecipientTexts{
        .language = "de",
        .broken_title = "Dieser Link funktioniert nicht",
        .broken_lead = "Er wurde unterwegs vielleicht gekürzt oder verändert. Bitte verwenden Sie den Link aus der ursprünglichen E-Mail.",
        .unsubscribe_title = "Abmelden",
        .unsubscribe_lead = "Mit einem Klick auf die Schaltfläche erhält {address} keine Neuigkeiten und Angebote von {brand} mehr.",
        .unsubscribe_button = "Abmelden",
        .to_preferences = "Lieber auswählen, was ich erhalten möchte",
        .unsubscribed_title = "Sie sind abgemeldet",
        .unsubscribed_lead = "Die Abmeldung ist wirksam: {address} erhält keine Neuigkeiten und Angebote von {brand} mehr.",
        .undo_hint = "War das ein Versehen?",
        .undo_button = "Wieder anmelden",
        .resubscribed_title = "Sie sind wieder angemeldet",
        .resubscribed_lead = "{address} erhält weiterhin Neuigkeiten und Angebote von {brand}.",
        .preferences_title = "Ihre Einstellungen",
        .preferences_lead = "Das sind die Einstellungen von {address} bei {brand}.",
        .preferences_legend = "Ich möchte Neuigkeiten und Angebote erhalten per",
        .email_label = "E-Mail",
        .sms_label = "SMS",
        .push_label = "Push-Nachricht",
        .save_button = "Speichern",
        .none_button = "Gar nichts mehr",
        .saved_title = "Gespeichert",
        .saved_some = "Ihre Auswahl ist wirksam.",
        .saved_none = "Das ist wirksam: Sie erhalten keine Neuigkeiten und Angebote von {brand} mehr.",
        .back_to_preferences = "Zurück zu den Einstellungen",
        .blocked_lead = "E-Mails an diese Adresse sind gesperrt, weil sie zurückkamen oder gemeldet wurden. Schreiben Sie bitte an {brand}, wenn Sie wieder E-Mails erhalten möchten.",
        .confirm_title = "Bitte bestätigen",
        .confirm_consent = "Ja, ich möchte von {brand} Neuigkeiten und Angebote per E-Mail an {address} erhalten. Das kann ich jederzeit widerrufen.",
        .confirm_button = "Bestätigen",
        .confirm_ignore = "Wenn Sie das nicht angefordert haben, schließen Sie diese Seite einfach: Ohne die Schaltfläche geschieht nichts.",
        .confirmed_title = "Vielen Dank",
        .confirmed_lead = "Ihre Anmeldung ist bestätigt. Abmelden können Sie sich jederzeit über den Link in jeder E-Mail.",
        .expired_title = "Dieser Link ist abgelaufen",
        .expired_lead = "Er war nur einige Tage gültig. Sie können sich einen neuen schicken lassen.",
        .withdrawn_lead = "Sie haben sich abgemeldet, seit dieser Link verschickt wurde. Sie können sich einen neuen schicken lassen.",
        .again_button = "Neuen Link schicken",
        .again_title = "Bitte in das Postfach schauen",
        .again_lead = "Ein neuer Link ist unterwegs an {address}.",
        .too_soon_lead = "Wir haben Ihnen gerade erst einen Link geschickt. Bitte schauen Sie in Ihr Postfach, auch in den Spam-Ordner, und versuchen Sie es später noch einmal.",
        .mail_subject = "Bitte bestätigen Sie Ihre Anmeldung bei {brand}",
        .mail_lead = "Jemand, hoffentlich Sie, möchte von {brand} Neuigkeiten und Angebote an diese Adresse erhalten. Bitte bestätigen Sie, dass Sie das waren:",
        .mail_button = "Anmeldung bestätigen",
        .mail_expiry = "Der Link ist gültig bis {time}.",
        .mail_ignore = "Wenn Sie das nicht waren, ignorieren Sie diese E-Mail einfach: Sie erhalten dann nichts weiter."},
    RecipientTexts{
        .language = "fr",
        .broken_title = "Ce lien ne fonctionne pas",
        .broken_lead = "Il a peut-être été raccourci ou modifié en chemin. Merci d’utiliser le lien de l’e-mail d’origine.",
        .unsubscribe_title = "Se désabonner",
        .unsubscribe_lead = "Appuyez sur le bouton, et {address} ne recevra plus d’actualités ni d’offres de {brand}.",
        .unsubscribe_button = "Se désabonner",
        .to_preferences = "Choisir plutôt ce que je veux recevoir",
        .unsubscribed_title = "Vous êtes désabonné",
        .unsubscribed_lead = "C’est effectif : {address} ne recevra plus d’actualités ni d’offres de {brand}.",
        .undo_hint = "C’était une erreur ?",
        .undo_button = "Se réabonner",
        .resubscribed_title = "Vous êtes de nouveau abonné",
        .resubscribed_lead = "{address} continuera à recevoir les actualités et offres de {brand}.",
        .preferences_title = "Vos préférences",
        .preferences_lead = "Voici les réglages de {address} chez {brand}.",
        .preferences_legend = "Je veux recevoir des actualités et des offres par",
        .email_label = "E-mail",
        .sms_label = "SMS",
        .push_label = "Notification push",
        .save_button = "Enregistrer",
        .none_button = "Plus rien",
        .saved_title = "Enregistré",
        .saved_some = "Votre choix est effectif.",
        .saved_none = "C’est effectif : vous ne recevrez plus d’actualités ni d’offres de {brand}.",
        .back_to_preferences = "Retour à vos préférences",
        .blocked_lead = "Les e-mails à cette adresse sont bloqués, car ils sont revenus ou ont été signalés. Écrivez à {brand} si vous voulez de nouveau en recevoir.",
        .confirm_title = "Merci de confirmer",
        .confirm_consent = "Oui, je veux que {brand} m’envoie des actualités et des offres par e-mail à {address}. Je peux retirer cet accord à tout moment.",
        .confirm_button = "Confirmer",
        .confirm_ignore = "Si vous n’avez rien demandé, fermez simplement cette page : rien ne se passe sans le bouton.",
        .confirmed_title = "Merci",
        .confirmed_lead = "Votre abonnement est confirmé. Vous pouvez partir à tout moment par le lien présent dans chaque e-mail.",
        .expired_title = "Ce lien a expiré",
        .expired_lead = "Il n’était valable que quelques jours. Vous pouvez en recevoir un nouveau.",
        .withdrawn_lead = "Vous vous êtes désabonné depuis l’envoi de ce lien. Vous pouvez en recevoir un nouveau.",
        .again_button = "M’envoyer un nouveau lien",
        .again_title = "Regardez votre boîte aux lettres",
        .again_lead = "Un nouveau lien est en route vers {address}.",
        .too_soon_lead = "Nous venons de vous envoyer un lien. Regardez votre boîte aux lettres, aussi parmi les indésirables, et réessayez plus tard.",
        .mail_subject = "Merci de confirmer votre abonnement à {brand}",
        .mail_lead = "Quelqu’un, vous sans doute, veut que {brand} envoie des actualités et des offres à cette adresse. Merci de confirmer que c’était vous :",
        .mail_button = "Confirmer l’abonnement",
        .mail_expiry = "Le lien est valable jusqu’au {time}.",
        .mail_ignore = "Si ce n’était pas vous, ignorez simplement cet e-mail : rien ne vous sera envoyé."},
    RecipientTexts{
        .language = "es",
        .broken_title = "Este enlace no funciona",
        .broken_lead = "Puede que se haya acortado o cambiado por el camino. Use el enlace del correo original.",
        .unsubscribe_title = "Darse de baja",
        .unsubscribe_lead = "Pulse el botón y {address} no recibirá más novedades ni ofertas de {brand}.",
        .unsubscribe_button = "Darse de baja",
        .to_preferences = "Prefiero elegir lo que quiero recibir",
        .unsubscribed_title = "Se ha dado de baja",
        .unsubscribed_lead = "Ya es efectivo: {address} no recibirá más novedades ni ofertas de {brand}.",
        .undo_hint = "¿Ha sido un error?",
        .undo_button = "Volver a suscribirse",
        .resubscribed_title = "Vuelve a estar suscrito",
        .resubscribed_lead = "{address} seguirá recibiendo novedades y ofertas de {brand}.",
        .preferences_title = "Sus preferencias",
        .preferences_lead = "Estos son los ajustes de {address} en {brand}.",
        .preferences_legend = "Quiero recibir novedades y ofertas por",
        .email_label = "Correo electrónico",
        .sms_label = "SMS",
        .push_label = "Notificación push",
        .save_button = "Guardar",
        .none_button = "Nada más",
        .saved_title = "Guardado",
        .saved_some = "Su elección ya es efectiva.",
        .saved_none = "Ya es efectivo: no recibirá más novedades ni ofertas de {brand}.",
        .back_to_preferences = "Volver a sus preferencias",
        .blocked_lead = "El correo a esta dirección está bloqueado porque fue devuelto o denunciado. Escriba a {brand} si quiere volver a recibirlo.",
        .confirm_title = "Confirme, por favor",
        .confirm_consent = "Sí, quiero que {brand} me envíe novedades y ofertas por correo electrónico a {address}. Puedo retirarlo en cualquier momento.",
        .confirm_button = "Confirmar",
        .confirm_ignore = "Si no lo ha pedido, cierre esta página: sin el botón no ocurre nada.",
        .confirmed_title = "Gracias",
        .confirmed_lead = "Su suscripción está confirmada. Puede darse de baja en cualquier momento con el enlace de cada correo.",
        .expired_title = "Este enlace ha caducado",
        .expired_lead = "Solo era válido unos días. Puede pedir uno nuevo.",
        .withdrawn_lead = "Se ha dado de baja desde que se envió este enlace. Puede pedir uno nuevo.",
        .again_button = "Enviarme un enlace nuevo",
        .again_title = "Mire su buzón",
        .again_lead = "Un enlace nuevo va de camino a {address}.",
        .too_soon_lead = "Acabamos de enviarle un enlace. Mire su buzón, también el correo no deseado, e inténtelo más tarde.",
        .mail_subject = "Confirme su suscripción a {brand}",
        .mail_lead = "Alguien, esperamos que usted, quiere que {brand} envíe novedades y ofertas a esta dirección. Confirme que ha sido usted:",
        .mail_button = "Confirmar la suscripción",
        .mail_expiry = "El enlace es válido hasta el {time}.",
        .mail_ignore = "Si no ha sido usted, ignore este correo: no se le enviará nada."},
    RecipientTexts{
        .language = "it",
        .broken_title = "Questo link non funziona",
        .broken_lead = "Forse è stato accorciato o modificato lungo la strada. Usi il link dell’e-mail originale.",
        .unsubscribe_title = "Annulla l’iscrizione",
        .unsubscribe_lead = "Prema il pulsante e {address} non riceverà più novità e offerte da {brand}.",
        .unsubscribe_button = "Annulla l’iscrizione",
        .to_preferences = "Preferisco scegliere che cosa ricevere",
        .unsubscribed_title = "Iscrizione annullata",
        .unsubscribed_lead = "È già effettivo: {address} non riceverà più novità e offerte da {brand}.",
        .undo_hint = "È stato un errore?",
        .undo_button = "Iscriviti di nuovo",
        .resubscribed_title = "Iscrizione ripristinata",
        .resubscribed_lead = "{address} continuerà a ricevere novità e offerte da {brand}.",
        .preferences_title = "Le Sue preferenze",
        .preferences_lead = "Queste sono le impostazioni di {address} presso {brand}.",
        .preferences_legend = "Voglio ricevere novità e offerte tramite",
        .email_label = "E-mail",
        .sms_label = "SMS",
        .push_label = "Notifica push",
        .save_button = "Salva",
        .none_button = "Più niente",
        .saved_title = "Salvato",
        .saved_some = "La Sua scelta è effettiva.",
        .saved_none = "È già effettivo: non riceverà più novità e offerte da {brand}.",
        .back_to_preferences = "Torna alle preferenze",
        .blocked_lead = "La posta a questo indirizzo è bloccata perché è tornata indietro o è stata segnalata. Scriva a {brand} se vuole riceverla di nuovo.",
        .confirm_title = "Confermi, per favore",
        .confirm_consent = "Sì, voglio che {brand} mi invii novità e offerte per e-mail a {address}. Posso revocarlo in ogni momento.",
        .confirm_button = "Conferma",
        .confirm_ignore = "Se non l’ha chiesto Lei, chiuda questa pagina: senza il pulsante non succede niente.",
        .confirmed_title = "Grazie",
        .confirmed_lead = "La Sua iscrizione è confermata. Può annullarla in ogni momento con il link in ogni e-mail.",
        .expired_title = "Questo link è scaduto",
        .expired_lead = "Era valido solo per alcuni giorni. Può farsene mandare uno nuovo.",
        .withdrawn_lead = "Ha annullato l’iscrizione dopo l’invio di questo link. Può farsene mandare uno nuovo.",
        .again_button = "Mandatemi un nuovo link",
        .again_title = "Guardi nella Sua casella",
        .again_lead = "Un nuovo link è in viaggio verso {address}.",
        .too_soon_lead = "Le abbiamo appena mandato un link. Guardi nella Sua casella, anche tra la posta indesiderata, e riprovi più tardi.",
        .mail_subject = "Confermi la Sua iscrizione a {brand}",
        .mail_lead = "Qualcuno, speriamo Lei, vuole che {brand} invii novità e offerte a questo indirizzo. Confermi che è stato Lei:",
        .mail_button = "Conferma l’iscrizione",
        .mail_expiry = "Il link è valido fino al {time}.",
        .mail_ignore = "Se non è stato Lei, ignori questa e-mail: non Le verrà inviato niente."},
};

RecipientTexts const* spoken(std::string_view tag) {
  if (tag.size() < 2 || (tag.size() > 2 && tag[2] != '-' && tag[2] != '_')) return nullptr;
  char const wanted[] = {static_cast<char>(std::tolower(static_cast<unsigned char>(tag[0]))), static_cast<char>(std::tolower(static_cast<unsigned char>(tag[1])))};
  for (auto const& one : texts)
    if (one.language == std::string_view(wanted, 2)) return &one;
  return nullptr;
}

}  // namespace

RecipientTexts const& recipient_texts(std::string_view locale, std::string_view accept_language) {
  if (auto const* const found = spoken(locale)) return *found;
  // In the order written; browsers put what they like best first.
  while (!accept_language.empty()) {
    auto const comma = std::min(accept_language.find(','), accept_language.size());
    auto tag = accept_language.substr(0, comma);
    while (tag.starts_with(' ')) tag.remove_prefix(1);
    if (auto const* const found = spoken(tag.substr(0, tag.find(';')))) return *found;
    accept_language.remove_prefix(std::min(comma + 1, accept_language.size()));
  }
  return texts.front();
}

std::string said(std::string_view text, std::initializer_list<std::pair<std::string_view, std::string_view>> names) {
  std::string out;
  while (!text.empty()) {
    auto const open = text.find('{');
    out += text.substr(0, open);
    if (open == std::string_view::npos) break;
    auto const close = text.find('}', open);
    if (close == std::string_view::npos) {
      out += text.substr(open);
      break;
    }
    auto const name = text.substr(open + 1, close - open - 1);
    for (auto const& [known, value] : names)
      if (known == name) out += value;
    text.remove_prefix(close + 1);
  }
  return out;
}

}  // namespace postrider::content
