// A second and a third opinion about certificates: OpenSSL and pkilint.
import { execFile } from 'node:child_process'
import { access, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ROOT } from './server.mjs'

/** A command's output and exit status; a failing status is an answer, not an error. */
export function run(program, args, folder = tmpdir()) {
  return new Promise((resolve, reject) => {
    execFile(program, args, { encoding: 'utf8', maxBuffer: 16 << 20, cwd: folder }, (error, stdout, stderr) => {
      if (error && typeof error.code !== 'number') reject(error)
      else resolve({ status: error?.code ?? 0, text: stdout + stderr })
    })
  })
}

/** The public files of a deployment and one certificate, in a folder of their own. */
export class Files {
  static async fetch(demo, certificatePem) {
    const files = new Files(demo, await mkdtemp(join(tmpdir(), 'yinxin-pki-')))
    await writeFile(files.at('leaf.pem'), certificatePem)
    for (const name of ['root', 'payment-ca']) {
      await writeFile(files.at(`${name}.pem`), await demo.bytes(`/pki/${name}.pem`))
      await writeFile(files.at(`${name}.cer`), await demo.bytes(`/pki/${name}.cer`))
    }
    return files
  }

  constructor(demo, folder) {
    this.demo = demo
    this.folder = folder
  }

  at(name) {
    return join(this.folder, name)
  }

  /** `openssl verify` with fresh revocation lists of the whole chain. */
  async verify() {
    const lists = []
    for (const name of ['root', 'payment-ca']) {
      await writeFile(this.at(`${name}.crl`), await this.demo.bytes(`/pki/${name}.crl`))
      const asText = await run('openssl', ['crl', '-inform', 'DER', '-in', this.at(`${name}.crl`), '-out', this.at(`${name}.crl.pem`)])
      if (asText.status !== 0) return asText
      lists.push('-CRLfile', this.at(`${name}.crl.pem`))
    }
    return run('openssl', ['verify', '-x509_strict', '-crl_check_all', '-CAfile', this.at('root.pem'), '-untrusted', this.at('payment-ca.pem'), ...lists, this.at('leaf.pem')])
  }

  /** `openssl ocsp`: the text holds good, revoked or unknown. Left alone, OpenSSL forgets the port in `Host`. */
  async ocsp() {
    return run('openssl', [
      'ocsp', '-issuer', this.at('payment-ca.pem'), '-cert', this.at('leaf.pem'), '-url', `${this.demo.origin}/pki/ocsp`,
      '-header', `Host=${new URL(this.demo.origin).host}`,
      '-CAfile', this.at('root.pem'), '-verify_other', this.at('payment-ca.pem'), '-respout', this.at('answer.ocsp'),
    ])
  }

  /**
   * pkilint's findings of severity error on the leaf, the authorities, the list and the OCSP answer. That `localhost`
   * is no fully qualified name is true and the demonstration's nature: it is the one finding that is let pass.
   */
  async lint() {
    const home = join(ROOT, 'target', 'pkilint', 'bin')
    await access(join(home, 'lint_pkix_cert'))
    const runs = await Promise.all([
      run(join(home, 'lint_pkix_cert'), ['lint', '-s', 'ERROR', this.at('leaf.pem')]),
      run(join(home, 'lint_pkix_cert'), ['lint', '-s', 'ERROR', this.at('payment-ca.pem')]),
      run(join(home, 'lint_pkix_cert'), ['lint', '-s', 'ERROR', this.at('root.pem')]),
      run(join(home, 'lint_crl'), ['lint', '-s', 'ERROR', '-t', 'CRL', '-p', 'PKIX', this.at('payment-ca.crl')]),
      run(join(home, 'lint_ocsp_response'), ['lint', '-s', 'ERROR', this.at('answer.ocsp')]),
    ])
    const findings = runs.flatMap((one) => one.text.split('\n')).filter((line) => /\((ERROR|FATAL)\)|Traceback|usage:/.test(line))
    return findings.filter((line) => !/pkix\.invalid_uri_syntax .*"https?:\/\/localhost[:/]/.test(line))
  }

  async remove() {
    await rm(this.folder, { recursive: true, force: true })
  }
}
