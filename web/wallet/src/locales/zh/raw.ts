/** A certificate as X.509 says it. */
export const raw = {
  title: '原始信息', subject: '主体', issuer: '签发者', serial: '序列号', not_before: '生效时间', not_after: '到期时间', fingerprint_sha256: 'SHA-256 指纹', public_key: '公钥', signature_algorithm: '签名算法', key_usage: '密钥用途', extended_key_usage: '扩展用途', policies: '策略',
  san: '备用名称', crl: '吊销列表', ocsp: '在线状态', pem: 'PEM', text: '可用 openssl x509 核对。',
}
