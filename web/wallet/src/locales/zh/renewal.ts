/** 续期, and what the lower limits of a certificate allow. */
export const renewal = {
  title: '续期', now: '立即续期', byItself: '证书已自动续期', text: '证书已过有效期。验证密码和短信后，由本机的旧密钥为新密钥签名。', submit: '验证并续期', done: '证书已续期', doneText: '新的证书已启用，可以照常付款。',
  protection: { wait: '{time} 之前不能付款；余额不受影响。', paid_before: '{time} 之前只能付给以前付过的商户，还可付 {left}。', sum: '{time} 之前累计还可付 {left}。', day: '新证书限额较低：今天还可付 {left}。' },
}
