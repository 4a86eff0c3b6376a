//! What `my.getPhoneNumber` hands the mini-program: the wallet's mobile, encrypted for the merchant
//! and signed by Alipay.

use serde_json::json;

use super::Alipay;
use crate::people::Person;

impl Alipay {
    /// The text the wallet gives; `None` only when the cipher fails.
    pub(super) fn phone_number(&self, person: &Person) -> Option<String> {
        let clear = json!({ "code": "10000", "msg": "Success", "mobile": person.phone });
        let sealed = self.keys.content.close(&clear.to_string())?;
        // Cipher text is signed as the JSON string it stands in, quotes included.
        let sign = self.seal.sign(&format!("\"{sealed}\""));
        let answer = json!({
            "response": sealed,
            "sign": sign,
            "sign_type": "RSA2",
            "encrypt_type": "AES",
            "charset": "UTF-8",
        });
        Some(answer.to_string())
    }
}
